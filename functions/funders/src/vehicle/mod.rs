//! Vehicles, by their id in the CAP database.

pub mod get;
pub mod list;
mod row;

#[cfg(test)]
mod tests;

pub use row::{LIST, key, key_of, partition};
