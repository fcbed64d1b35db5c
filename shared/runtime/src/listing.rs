//! Lists: entries that name rows by the time they were made, one partition per month or per customer, and reading them in
//! pages, newest first.
//!
//! Entries are written behind the request, by the worker that files a row. A row is found by its entry and shown as it stands
//! now.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use crate::envelope::Listed;
use crate::store::{Item, Key, Query, Store, When, Write, item, typed};

/// How many entries of a partition are looked at together.
const CHUNK: u16 = 100;
/// A page that would take more looking ends early, with a cursor to go on from.
const LOOKED: usize = 1000;
/// Rows are kept 90 days, so that there is nothing to find before.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// One entry. Its `sk` is the id that orders it.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    pk: String,
    sk: String,
    /// Where the row is.
    row_pk: String,
    row_sk: String,
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
        let key = Key::new(&row.table, list, Some(&id.to_string()));
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
    let millis = i64::try_from(id.as_u128() >> 80).unwrap_or_default();
    month(
        kind,
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH),
    )
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

/// Where the next page begins: below this id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cursor(Uuid);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl PartialSchema for Cursor {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("Where a list goes on: opaque, from an earlier answer."))
            .pattern(Some("^[A-Za-z0-9_-]{21}[AQgw]$"))
            .into()
    }
}

impl ToSchema for Cursor {}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let id = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok());
        id.map(Self)
            .ok_or_else(|| serde::de::Error::custom("must be a cursor from an earlier answer"))
    }
}

/// Which part of a list is wanted.
#[derive(Clone, Copy)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    pub cursor: Option<Cursor>,
    pub limit: Option<u16>,
}

impl Window {
    /// Everything, from a cursor on.
    pub fn all(cursor: Option<Cursor>, limit: Option<u16>) -> Self {
        Self {
            from: None,
            to: None,
            cursor,
            limit,
        }
    }

    /// The instants that this window can hold rows of.
    pub fn span(&self, now: Timestamp) -> Result<(Timestamp, Timestamp)> {
        let oldest = now.saturating_sub(KEPT).unwrap_or(now);
        let (from, to) = (self.from.unwrap_or(oldest).max(oldest), self.to.unwrap_or(now).min(now));
        if self.from.zip(self.to).is_some_and(|(from, to)| from > to) {
            return Err(Error::invalid("from", "must not be after `to`"));
        }
        Ok((from, to))
    }

    fn greatest(&self) -> Option<String> {
        let cursor = self.cursor.map(|cursor| cursor.0.as_u128().saturating_sub(1));
        let to = self.to.map(|to| first_id(to).saturating_add((1 << 80) - 1));
        let least = cursor.into_iter().chain(to).min();
        least.map(|id| Uuid::from_u128(id).to_string())
    }

    fn least(&self) -> Option<String> {
        self.from.map(|from| Uuid::from_u128(first_id(from)).to_string())
    }
}

/// No id of version 7 made at `at` is less.
fn first_id(at: Timestamp) -> u128 {
    u128::try_from(at.as_millisecond()).unwrap_or_default() << 80
}

/// Some of a list, and where it goes on.
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    pub fn empty() -> Self {
        Self {
            rows: Vec::new(),
            next: None,
        }
    }

    /// As callers get it.
    pub fn listed(self, message: &str) -> Listed<T> {
        Listed::new(self.rows, message, self.next.map(|cursor| cursor.to_string()))
    }
}

/// The rows that the entries of these partitions name and `keep` wants.
pub async fn page<T>(
    store: &dyn Store,
    table: &str,
    partitions: Vec<String>,
    window: Window,
    keep: impl Fn(Item) -> Result<Option<T>>,
) -> Result<Page<T>> {
    let limit = usize::from(window.limit.unwrap_or(20));
    let mut page = Page::empty();
    let (mut looked, mut last) = (0, None);
    for partition in partitions {
        let mut to = window.greatest();
        loop {
            let query = Query::new(table, &partition, CHUNK).from(window.least()).to(to.clone());
            let entries: Result<Vec<Entry>> = store.query(&query).await?.into_iter().map(typed).collect();
            let entries = entries?;
            let keys: Vec<Key> = entries
                .iter()
                .map(|entry| Key::new(table, &entry.row_pk, Some(&entry.row_sk)))
                .collect();
            let rows = store.get_all(&keys).await?;
            for (entry, row) in entries.iter().zip(rows) {
                let Ok(id) = entry.sk.parse::<Uuid>() else { continue };
                if page.rows.len() == limit || looked == LOOKED {
                    page.next = last.map(Cursor);
                    return Ok(page);
                }
                looked += 1;
                last = Some(id);
                match row.map(&keep).transpose() {
                    Ok(row) => page.rows.extend(row.flatten()),
                    // One row that cannot be read must not hide the others.
                    Err(error) => tracing::error!(%error, row = entry.sk, "a row of a list cannot be read"),
                }
            }
            let Some(id) = last.filter(|_| entries.len() == usize::from(CHUNK)) else {
                break;
            };
            to = Some(Uuid::from_u128(id.as_u128().saturating_sub(1)).to_string());
        }
    }
    Ok(page)
}
