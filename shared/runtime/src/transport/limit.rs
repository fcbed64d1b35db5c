//! The limit: the requests a second that one installation of a partner gets from all instances together.
//!
//! A row per installation and second counts the requests, failures and retries included. With a limit, one write precedes
//! every request; without one, nothing is counted.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::{Error, Result};

use super::target::Target;
use crate::port::store::{Key, Store};

/// Seconds that a count is kept: clocks differ a little, and the table's own clearing takes its time anyway.
const RETENTION: i64 = 60;

pub struct Limit {
    store: Arc<dyn Store>,
    table: Option<String>,
}

impl Limit {
    pub fn new(store: Arc<dyn Store>, table: Option<String>) -> Self {
        Self { store, table }
    }

    /// Takes a place in this second, or returns the time until the next. If the store fails, the request goes out: the partner
    /// can still refuse it.
    pub async fn take(&self, target: &Target, rate: NonZeroU32, now: Timestamp) -> Result<Option<Duration>> {
        let table = self.table.as_ref();
        let table = table.ok_or_else(|| Error::misconfigured("a rate limit needs the table of its domain"))?;
        let second = now.as_second();
        let key = Key::new(table, format!("LIMIT#{}#{second}", target.id()), Some("LIMIT"));
        match self.store.count(&key, Some(second.saturating_add(RETENTION))).await {
            Ok(count) if count > u64::from(rate.get()) => Ok(Some(until_next_second(now))),
            Ok(_) => Ok(None),
            Err(error) => {
                tracing::warn!(cause = error.chain(), "a request goes out uncounted");
                Ok(None)
            }
        }
    }
}

fn until_next_second(now: Timestamp) -> Duration {
    let passed = now.as_millisecond().rem_euclid(1000);
    Duration::from_millis(u64::try_from(1000 - passed).unwrap_or(1000))
}

#[cfg(test)]
mod tests;
