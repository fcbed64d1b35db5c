//! Events from funders. The webhook verifies an event, stores it once and enqueues it; a worker applies it.

pub mod apply;
mod row;
pub mod webhook;

#[cfg(test)]
pub use row::EventKey;
pub use row::EventRow;
