//! Mechanics that recur: idempotency keys, callers' quotas, rows that change, leases, rows that wait for a time, sealed members,
//! notices that partners post, shares of workers, and the erasure of a person's data.

pub mod due;
pub mod erasure;
pub mod idempotency;
pub mod inbox;
pub mod lease;
pub mod quota;
pub mod row;
pub mod seal;
pub mod share;
