//! Pauses of writers that meet new messages of their case.

use std::time::Duration;

use model::{Error, Kind};
use runtime::port::store::Backoff;

/// A write is refused if a message arrives meanwhile. The first pause then, and how many writes are tried.
const PAUSES: (Duration, u32) = (Duration::from_millis(20), 8);

pub fn pauses() -> Backoff {
    Backoff::new(PAUSES.0, PAUSES.1)
}

pub fn busy() -> Error {
    Error::new(Kind::Unavailable, "a case receives too many messages at once")
}
