//! Messages through their functions, on fakes.

mod fixtures;
mod read;
mod write;
