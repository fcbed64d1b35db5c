//! News from funders: a webhook is proved, remembered once and enqueued; a worker applies it.

pub mod apply;
mod row;
pub mod webhook;

#[cfg(test)]
pub use row::EventRow;
