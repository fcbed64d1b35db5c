//! Messages about cases: what their state is, written by whoever handles them and read by dealers.

mod adopt;
pub mod create;
pub mod list;
mod moment;
mod row;
pub mod schema;

#[cfg(test)]
mod tests;

pub use adopt::adopt;
