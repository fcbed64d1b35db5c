//! The gate: when a partner asks the hub to wait, every instance waits: this one at once, the others when they next read
//! the row.
//!
//! A row per partner and environment has the end of the wait. A function whose caller waits reads it beside its call and not
//! before it, so that the gate adds no round trip. The price is at most one call per instance that has not read it yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::target::Target;
use crate::port::store::{Key, Store, When, Write, typed};

/// Longer waits are cut to this.
const MAX_WAIT: Duration = Duration::from_secs(60 * 60);
/// How old knowledge of the row may be, in milliseconds.
const FRESH: i64 = 2_000;

pub struct Gate {
    store: Arc<dyn Store>,
    table: Option<String>,
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Clone, Copy, Default)]
struct Known {
    /// Milliseconds since the epoch.
    until: i64,
    asked_at: i64,
}

#[derive(Serialize, Deserialize)]
struct Row {
    /// Milliseconds since the epoch.
    until: i64,
    ttl: i64,
}

impl Gate {
    pub fn new(store: Arc<dyn Store>, table: Option<String>) -> Self {
        Self {
            store,
            table,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, target: &Target) -> Option<Key> {
        Some(Key::new(
            self.table.clone()?,
            format!("GATE#{}", target.id()),
            Some("GATE"),
        ))
    }

    /// How long it stays shut, as far as this instance knows.
    pub fn shut_for(&self, target: &Target, now: Timestamp) -> Option<Duration> {
        let until = self.known().get(&target.id())?.until;
        u64::try_from(until - now.as_millisecond())
            .ok()
            .filter(|left| *left > 0)
            .map(Duration::from_millis)
    }

    /// Shuts it for every instance. It never shortens a longer wait.
    pub async fn shut(&self, target: &Target, now: Timestamp, wait: Duration) {
        let wait = i64::try_from(wait.min(MAX_WAIT).as_millis()).unwrap_or_default();
        let until = now.as_millisecond().saturating_add(wait);
        {
            let mut known = self.known();
            let entry = known.entry(target.id()).or_default();
            entry.until = entry.until.max(until);
        }
        let Some(key) = self.key(target) else { return };
        let row = Row {
            until,
            ttl: until / 1000 + 60,
        };
        let later = When::Any(vec![When::Absent, When::Below("until", until)]);
        let written = match Write::put(key, &row, later) {
            Ok(write) => self.store.write(vec![write]).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::warn!(error = %error, "other instances do not know that a partner asked the hub to wait");
        }
    }

    pub async fn refresh_if_old(&self, target: &Target, now: Timestamp) {
        let asked_at = self.known().get(&target.id()).map_or(i64::MIN, |known| known.asked_at);
        if asked_at < now.as_millisecond().saturating_sub(FRESH) {
            self.refresh(target, now).await;
        }
    }

    /// Reads the row. If the store fails, the gate stays as it is known.
    pub async fn refresh(&self, target: &Target, now: Timestamp) {
        let Some(key) = self.key(target) else { return };
        let row: Option<Row> = match self.store.get(&key, false).await {
            Ok(item) => item.and_then(|item| typed(item).ok()),
            Err(error) => {
                tracing::warn!(error = %error, "the gate could not be read");
                return;
            }
        };
        let mut known = self.known();
        let entry = known.entry(target.id()).or_default();
        entry.asked_at = now.as_millisecond();
        entry.until = entry.until.max(row.map_or(0, |row| row.until));
    }
}
