//! Mechanics that recur: an idempotency key, rows that change, and rows that wait for a time.

pub mod due;
pub mod idempotency;
pub mod row;
