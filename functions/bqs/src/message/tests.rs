//! Messages through their functions, on fakes.

mod cost;
mod fixtures;
mod read;
mod upstream;
mod write;
