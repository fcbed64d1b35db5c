//! Receivers that were slow get few calls at once, so that they leave workers to the others.
//!
//! A batch lasts as long as its slowest delivery: a slow receiver could occupy every worker. Only a delivery to a receiver that
//! was slow takes a place of a share. The others cost one read, beside that of the subscription.

use std::num::NonZeroU16;
use std::time::Duration;

use jiff::Timestamp;
use model::Result;
use model::id::SubscriptionId;
use runtime::port::store::{Item, Key, item};
use runtime::work::row::Table;
use runtime::work::share::Share;
use serde::{Deserialize, Serialize};

/// A receiver that takes this long is slow.
const SLOW: Duration = Duration::from_secs(5);
/// In seconds. It counts as slow for this long afterwards.
const SLOW_FOR: i64 = 5 * 60;
/// Less than the fewest workers that a stage can have.
const PLACES: NonZeroU16 = NonZeroU16::new(2).unwrap();
/// Longer than the worker's timeout.
const LEASE: Duration = Duration::from_secs(35);
const SORT_KEY: &str = "SLOW";

/// While there is one, the receiver counts as slow.
#[derive(Serialize, Deserialize)]
struct SlowRow {
    pk: String,
    sk: String,
    ttl: i64,
}

fn partition(id: SubscriptionId) -> String {
    format!("SLOW#{id}")
}

pub async fn is_slow(table: Table<'_>, id: SubscriptionId) -> Result<bool> {
    let key: Key = table.key(partition(id), SORT_KEY);
    let row: Option<SlowRow> = table.read(&key).await?;
    Ok(row.is_some())
}

/// The row to write after a call that took this long, if that was slow.
pub fn mark(id: SubscriptionId, took: Duration, now: Timestamp) -> Result<Option<Item>> {
    let row = || SlowRow {
        pk: partition(id),
        sk: SORT_KEY.to_owned(),
        ttl: now.as_second().saturating_add(SLOW_FOR),
    };
    (took >= SLOW).then(|| item(&row())).transpose()
}

/// The calls that a slow receiver, named by `group`, may get at once.
pub fn share<'a>(table: Table<'a>, group: &'a str) -> Share<'a> {
    Share {
        table,
        group,
        places: PLACES,
        lease: LEASE,
        slow_after: SLOW,
    }
}
