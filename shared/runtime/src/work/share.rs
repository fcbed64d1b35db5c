//! The share of a queue's workers that one group of messages may occupy, such as the orders of a product.
//!
//! Each place of a group is a row. A worker takes a free place before it works and frees it afterwards; the place of a worker
//! that crashed is free when its lease ends. A group whose partner was slow several times in a row has half of its places.
//!
//! A message that finds no free place goes back to its queue as a new message with a delay: a failed receive would count towards
//! the dead-letter queue.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::row::Table;
use crate::port::store::{Key, When, Write, typed};

/// This many slow calls in a row halve a share.
const SLOW_CALLS: u64 = 3;
/// In seconds. A share that is halved is whole again after this time without a slow call.
const SLOW_FOR: i64 = 5 * 60;
/// The seconds over which messages that wait are spread.
const MIN_SPAN: i64 = 3;
const MAX_SPAN: i64 = 60;
/// The sort key of the row that counts slow calls.
const SLOW: &str = "SLOW";

pub struct Share<'a> {
    pub table: Table<'a>,
    pub group: &'a str,
    /// The workers that the group may occupy at once.
    pub places: NonZeroU16,
    /// Longer than a worker can run.
    pub lease: Duration,
    /// A call to the group's partner that takes this long is slow.
    pub slow_after: Duration,
}

/// A place that this worker has taken.
pub struct HeldPlace {
    key: Key,
    holder: String,
    /// Slow calls in a row before this work.
    slow_calls: u64,
    /// Whether the call to the partner was slow, if there was one.
    is_slow: Option<bool>,
    slow_after: Duration,
}

impl HeldPlace {
    /// Notes how long a call to the partner took, whatever came of it.
    pub fn took(&mut self, time: Duration) {
        self.is_slow = Some(self.is_slow == Some(true) || time >= self.slow_after);
    }
}

#[derive(Serialize)]
struct PlaceRow<'a> {
    holder: &'a str,
    ttl: i64,
}

#[derive(Serialize, Deserialize)]
struct SlowRow {
    count: u64,
    ttl: i64,
}

impl Share<'_> {
    /// Takes a free place, or none if the group occupies its share.
    pub async fn take(&self, now: Timestamp) -> Result<Option<HeldPlace>> {
        let places = (0..self.places.get()).map(|number| self.key(&format!("PLACE#{number}")));
        let mut keys: Vec<Key> = places.collect();
        keys.push(self.key(SLOW));
        let mut rows = self.table.store.get_all(&keys).await?;
        let slow = rows.pop().flatten().map(typed::<SlowRow>).transpose()?;
        let slow_calls = slow.map_or(0, |row| row.count);
        let is_free = rows.iter().take(self.open_places(slow_calls)).map(Option::is_none);
        let mut free: Vec<&Key> = keys
            .iter()
            .zip(is_free)
            .filter(|(_, free)| *free)
            .map(|(key, _)| key)
            .collect();
        let id = Uuid::new_v4();
        // Workers that look at the same time begin at different places.
        let start = id.as_u128() % u128::try_from(free.len().max(1)).unwrap_or(1);
        free.rotate_left(usize::try_from(start).unwrap_or_default());
        let holder = id.to_string();
        let lease = i64::try_from(self.lease.as_secs()).unwrap_or(i64::MAX);
        let ttl = now.as_second().saturating_add(lease).saturating_add(1);
        for key in free {
            let row = PlaceRow { holder: &holder, ttl };
            let write = Write::put(key.clone(), &row, When::Absent)?;
            if self.table.write(vec![write]).await? {
                return Ok(Some(HeldPlace {
                    key: key.clone(),
                    holder,
                    slow_calls,
                    is_slow: None,
                    slow_after: self.slow_after,
                }));
            }
        }
        Ok(None)
    }

    /// Frees the place, and counts whether the partner was slow. If the store fails, the place is free when its lease ends.
    pub async fn free(&self, place: HeldPlace, now: Timestamp) {
        let (freed, counted) = tokio::join!(self.vacate(&place, now), self.count_slow(&place, now));
        if let Err(error) = freed.and(counted) {
            tracing::warn!(
                cause = error.chain(),
                group = self.group,
                "a place stays taken until its lease ends"
            );
        }
    }

    fn key(&self, sk: &str) -> Key {
        self.table.key(format!("SHARE#{}", self.group), sk)
    }

    fn open_places(&self, slow_calls: u64) -> usize {
        let all = usize::from(self.places.get());
        match slow_calls >= SLOW_CALLS {
            true => all.div_ceil(2),
            false => all,
        }
    }

    async fn vacate(&self, place: &HeldPlace, now: Timestamp) -> Result<()> {
        let (holder, ttl) = (place.holder.as_str(), now.as_second());
        let own = When::text("holder", holder);
        let write = Write::put(place.key.clone(), &PlaceRow { holder, ttl }, own)?;
        // A refused write means that the lease has ended, and another worker may hold the place.
        self.table.write(vec![write]).await.map(drop)
    }

    async fn count_slow(&self, place: &HeldPlace, now: Timestamp) -> Result<()> {
        let (key, ttl) = (self.key(SLOW), now.as_second());
        match place.is_slow {
            Some(true) => {
                let counted = self.table.store.count(&key, Some(ttl.saturating_add(SLOW_FOR)));
                counted.await.map(drop)
            }
            Some(false) if place.slow_calls > 0 => {
                let write = Write::put(key, &SlowRow { count: 0, ttl }, When::text("sk", SLOW))?;
                self.table.write(vec![write]).await.map(drop)
            }
            _ => Ok(()),
        }
    }
}

/// How long a message waits before it looks for a place again. Messages that were refused together come back one by one, and the
/// older the work, the more seldom its message looks: waiting messages must not occupy the workers themselves.
pub fn wait(id: &impl Hash, age: SignedDuration) -> Duration {
    let span = (age.as_secs() / 2).clamp(MIN_SPAN, MAX_SPAN).unsigned_abs();
    let mut hasher = DefaultHasher::new();
    (id, age.as_secs()).hash(&mut hasher);
    Duration::from_secs(1 + hasher.finish() % span)
}

#[cfg(test)]
mod tests;
