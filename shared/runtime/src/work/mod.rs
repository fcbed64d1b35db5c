//! Mechanics that recur: idempotency keys, rows that change, leases, and rows that wait for a time.

pub mod due;
pub mod idempotency;
pub mod inbox;
pub mod lease;
pub mod row;
