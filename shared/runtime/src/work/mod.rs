//! Mechanics that recur: idempotency keys, rows that change, leases, rows that wait for a time, and notices that partners post.

pub mod due;
pub mod idempotency;
pub mod inbox;
pub mod lease;
pub mod row;
