//! Entries that name rows, and the partitions that hold them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::port::store::{Item, Key, When, Write, item};

/// One entry. Its `sk` is the id that orders it.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    pk: String,
    pub(super) sk: String,
    /// Where the row is.
    pub(super) row_pk: String,
    pub(super) row_sk: String,
    /// None for a row that is kept for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl Entry {
    fn new(list: &str, id: Uuid, row: &Key, ttl: Option<i64>) -> Self {
        Self {
            pk: list.to_owned(),
            sk: id.to_string(),
            row_pk: row.pk.clone(),
            row_sk: row.sk.clone().unwrap_or_default(),
            ttl,
        }
    }

    /// Where the entry of this id is.
    pub fn key(table: &str, list: &str, id: Uuid) -> Key {
        Key::new(table, list, Some(&id.to_string()))
    }

    /// The partition of the row that it names.
    pub fn row_partition(&self) -> &str {
        &self.row_pk
    }

    /// An entry that may be written again.
    pub fn item(list: &str, id: Uuid, row: &Key, ttl: i64) -> Result<Item> {
        item(&Self::new(list, id, row, Some(ttl)))
    }

    /// An entry that is kept as long as its row, which has just been prolonged.
    pub fn renew(list: &str, id: Uuid, row: &Key, ttl: i64) -> Result<Write> {
        let write = Self::write(list, id, row, Some(ttl))?;
        let when = When::Any(vec![When::Absent, When::text("pk", list)]);
        Ok(Write { when, ..write })
    }

    /// An entry that comes with its row.
    pub fn write(list: &str, id: Uuid, row: &Key, ttl: Option<i64>) -> Result<Write> {
        let key = Self::key(&row.table, list, id);
        Write::put(key, &Self::new(list, id, row, ttl), When::Absent)
    }
}

/// Everything of a kind made in the month of `at`.
fn month(kind: &str, at: Timestamp) -> String {
    let date = at.to_zoned(TimeZone::UTC).date();
    format!("{kind}#{:04}-{:02}", date.year(), date.month())
}

/// The month that an id was made in. Where a row is listed goes by its id alone, as the order within a list does: a row
/// written after a crash can be younger than its id.
pub fn month_of(kind: &str, id: &Uuid) -> String {
    month(kind, made_at(id))
}

/// When an id was made.
pub fn made_at(id: &Uuid) -> Timestamp {
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The months between two instants, newest first.
pub fn months(kind: &str, from: Timestamp, to: Timestamp) -> Vec<String> {
    let mut each = Vec::new();
    let mut at = to;
    while at >= from && each.len() < 5 {
        let name = month(kind, at);
        if each.last() != Some(&name) {
            each.push(name);
        }
        at = at.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(from);
    }
    let first = month(kind, from);
    if from <= to && each.last() != Some(&first) {
        each.push(first);
    }
    each
}
