//! Mechanics that recur: idempotency keys, callers' quotas, rows that change, leases, rows that wait for a time, sealed members,
//! notices that partners post, and shares of workers.

pub mod due;
pub mod idempotency;
pub mod inbox;
pub mod lease;
pub mod quota;
pub mod row;
pub mod seal;
pub mod share;
