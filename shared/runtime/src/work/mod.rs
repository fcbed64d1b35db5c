//! Mechanics that recur: an idempotency key, and rows that wait for a time.

pub mod due;
pub mod idempotency;
