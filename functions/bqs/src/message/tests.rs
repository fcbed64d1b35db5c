//! Messages through their functions, on fakes.

mod cost;
mod expiry;
mod fixtures;
mod read;
mod upstream;
mod write;
