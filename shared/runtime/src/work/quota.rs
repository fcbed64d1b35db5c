//! The quota: how many requests a minute one caller may send to one function that calls a partner. Without it one caller could
//! use up what a partner takes from the hub, and the gate would shut for every caller.
//!
//! A row per caller, function and minute counts the requests. It is written beside the call and not before it, so that the
//! quota adds no round trip. The price is at most one request too many per instance: an instance that has seen the quota used
//! up refuses until the minute ends, and reads and writes nothing for that.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use model::{Error, Kind, Result};

use super::idempotency::fingerprint;
use crate::port::metric;
use crate::port::store::{Key, Store};

/// Requests a minute of a caller who acts for one customer, where the setting is absent.
pub const DEFAULT_QUOTA: u32 = 60;
/// A caller who acts for many customers has this many times the quota.
const FACTOR_FOR_MANY: u64 = 10;
/// Seconds that a count is kept after its minute, because clocks differ a little.
const RETENTION: i64 = 60;
/// A slow table delays no response by more than this.
const COUNT_TIMEOUT: Duration = Duration::from_millis(500);

/// One caller's minute at one function, for one request.
pub struct CallerMinute {
    key: Key,
    minute: i64,
    /// The most requests.
    quota: u64,
    is_counted: AtomicBool,
}

impl CallerMinute {
    /// `route` is the function's, without the values of its parameters.
    pub fn new(table: &str, route: &str, caller: &str, for_many: bool, quota: u32, now: Timestamp) -> Self {
        let minute = now.as_second().div_euclid(60);
        let key = fingerprint(format!("quota\n{minute}\n{route}\n{caller}").as_bytes());
        let factor = if for_many { FACTOR_FOR_MANY } else { 1 };
        Self {
            key: Key::new(table, key, None),
            minute,
            quota: u64::from(quota) * factor,
            is_counted: AtomicBool::new(false),
        }
    }

    fn end(&self) -> i64 {
        self.minute.saturating_add(1).saturating_mul(60)
    }
}

/// What an instance knows of quotas.
#[derive(Default)]
pub struct Quota {
    used_up: Mutex<UsedUp>,
}

/// The quotas that are used up, in the newest minute only.
#[derive(Default)]
struct UsedUp {
    minute: i64,
    keys: HashSet<Key>,
}

impl Quota {
    fn used_up(&self) -> MutexGuard<'_, UsedUp> {
        self.used_up.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a request if this instance has seen its caller's quota used up.
    pub fn check(&self, of: &CallerMinute, now: Timestamp) -> Result<()> {
        if !self.used_up().keys.contains(&of.key) {
            return Ok(());
        }
        metric::count("QuotaRefusals", 1);
        let left = of.end().saturating_sub(now.as_second()).max(1);
        let why = format!("This caller may send {} of these requests a minute.", of.quota);
        Err(Error::new(Kind::TooMany, why).retry_after(Some(Duration::from_secs(left.unsigned_abs()))))
    }

    /// Counts the request, once. If the store fails, it stays uncounted.
    pub async fn count(&self, store: &dyn Store, of: &CallerMinute) {
        if of.is_counted.swap(true, Ordering::Relaxed) {
            return;
        }
        let counted = store.count(&of.key, Some(of.end().saturating_add(RETENTION)));
        match tokio::time::timeout(COUNT_TIMEOUT, counted).await {
            Ok(Ok(count)) if count >= of.quota => self.learn(of),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(cause = error.chain(), "a request is not counted for its caller's quota"),
            Err(_) => tracing::warn!("a request is not counted in time for its caller's quota"),
        }
    }

    fn learn(&self, of: &CallerMinute) {
        let mut used_up = self.used_up();
        if of.minute > used_up.minute {
            *used_up = UsedUp {
                minute: of.minute,
                keys: HashSet::new(),
            };
        }
        if of.minute == used_up.minute {
            used_up.keys.insert(of.key.clone());
        }
    }
}
