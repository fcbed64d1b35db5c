//! Rows: typed items, read by key, written under a condition, one write or one transaction at a time.

mod access;
mod backoff;
mod condition;
mod dynamo;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod query;
mod row;
#[cfg(test)]
mod tests;
mod write;

pub use access::Store;
pub use backoff::Backoff;
pub use condition::When;
pub use dynamo::Dynamo;
#[cfg(any(test, feature = "testing"))]
pub use memory::Memory;
pub use query::{Index, Query};
pub use row::{Item, Key, item, typed};
pub use write::{Write, Written};
