//! The documents of simulated cases.

use uuid::Uuid;

/// The document of a change.
pub fn id(case: u64, n: u64) -> Uuid {
    Uuid::from_u64_pair(case, n)
}

/// The key of its file.
pub fn key(case: u64, n: u64) -> String {
    format!("quarantine/{}", id(case, n))
}
