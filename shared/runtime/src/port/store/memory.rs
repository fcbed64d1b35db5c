//! A store in memory, for tests: the same conditions, the same atomicity.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};

use super::access::Store;
use super::query::Query;
use super::row::{COUNT, Item, Key, TTL, counted, lives};
use super::write::{Write, Written};
use crate::port::clock::Clock;
use crate::port::eraser::ScanPage;

/// The size of DynamoDB's largest rows.
const MAX_ROW_BYTES: usize = 400 * 1024;
/// Few, so that tests read several pages.
const ROWS_OF_SCAN: usize = 5;

#[derive(Default)]
pub struct Memory {
    rows: Mutex<BTreeMap<Key, Item>>,
    /// How many rows were read: by their keys, there or not, and by queries.
    rows_read: AtomicU64,
    down: Mutex<bool>,
    /// Without one, no row's time passes.
    clock: Mutex<Option<Clock>>,
}

impl Memory {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<Key, Item>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One in which rows expire by this clock.
    pub fn at(clock: Clock) -> Self {
        let store = Self::default();
        store.set_clock(clock);
        store
    }

    /// From now on rows expire by this clock.
    pub fn set_clock(&self, clock: Clock) {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock);
    }

    fn lives(&self, row: &Item) -> bool {
        let clock = *self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        clock.is_none_or(|clock| lives(row, clock.now()))
    }

    /// How many rows were read since the store was made.
    pub fn rows_read(&self) -> u64 {
        self.rows_read.load(Ordering::Relaxed)
    }

    fn count_read(&self, rows: usize) {
        let rows = u64::try_from(rows).unwrap_or(u64::MAX);
        self.rows_read.fetch_add(rows, Ordering::Relaxed);
    }

    /// Every row, by key.
    pub fn rows(&self) -> BTreeMap<Key, Item> {
        self.locked().clone()
    }

    /// Every row of a table, by key.
    pub fn table(&self, table: &str) -> Vec<Item> {
        self.locked()
            .iter()
            .filter(|(key, _)| key.table == table)
            .map(|(_, item)| item.clone())
            .collect()
    }

    /// The next rows of a table, in the order of their keys, expired ones too.
    pub fn scan(&self, table: &str, after: Option<&Key>) -> Result<ScanPage> {
        self.up()?;
        let rows = self.locked();
        let is_wanted = |key: &Key| key.table == table && after.is_none_or(|after| key > after);
        let mut wanted = rows.iter().filter(|(key, _)| is_wanted(key));
        let page: Vec<_> = wanted.by_ref().take(ROWS_OF_SCAN).collect();
        let last = page.last().map(|(key, _)| (*key).clone());
        Ok(ScanPage {
            next: wanted.next().and(last),
            rows: page.into_iter().map(|(_, row)| row.clone()).collect(),
        })
    }

    /// Whether there was a row.
    pub fn delete(&self, key: &Key) -> Result<bool> {
        self.up()?;
        Ok(self.locked().remove(key).is_some())
    }

    /// From now on every operation fails, or works again.
    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = down;
    }

    fn up(&self) -> Result<()> {
        if *self.down.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(Error::new(Kind::Unavailable, "the store is down"));
        }
        Ok(())
    }
}

impl Store for Memory {
    fn get<'a>(&'a self, key: &'a Key, _: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            self.up()?;
            self.count_read(1);
            Ok(self.locked().get(key).filter(|row| self.lives(row)).cloned())
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Written>> {
        Box::pin(async move {
            self.up()?;
            fit(writes.iter().filter_map(|write| write.item.as_ref()))?;
            let mut rows = self.locked();
            let live = |key| rows.get(key).filter(|row| self.lives(row));
            if writes.iter().all(|write| write.when.holds(live(&write.key))) {
                rows.extend(writes.into_iter().filter_map(|write| Some((write.key, write.item?))));
                return Ok(Written::Done);
            }
            Ok(Written::Refused(
                writes.iter().map(|write| live(&write.key).cloned()).collect(),
            ))
        })
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.up()?;
            fit(&items)?;
            self.locked()
                .extend(items.into_iter().map(|item| (Key::of(table, &item), item)));
            Ok(())
        })
    }

    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>> {
        Box::pin(async move {
            self.up()?;
            self.count_read(keys.len());
            let rows = self.locked();
            let found = keys.iter().map(|key| rows.get(key).filter(|row| self.lives(row)));
            Ok(found.map(|row| row.cloned()).collect())
        })
    }

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            self.up()?;
            let (pk, sk) = query.keys();
            let rows = self.locked();
            // A table's own partition is one range of its keys, that of an index is anywhere in the table.
            let first = Key::new(&query.table, if query.index.is_none() { &query.pk } else { "" }, None);
            let in_range = |key: &Key| key.table == query.table && (query.index.is_some() || key.pk == query.pk);
            // Rows with the same sort key are in the order of their keys in the table.
            let mut found: Vec<_> = rows
                .range(first..)
                .take_while(|(key, _)| in_range(key))
                .filter(|(_, row)| text(row, pk) == Some(&query.pk))
                .filter_map(|(_, row)| Some((place(row, sk)?, row)))
                .filter(|((sk, ..), _)| query.from.as_deref().is_none_or(|from| from <= *sk))
                .filter(|((sk, ..), _)| query.to.as_deref().is_none_or(|to| *sk <= to))
                .collect();
            found.sort_by_key(|(place, _)| *place);
            if !query.oldest_first {
                found.reverse();
            }
            if let Some(last) = query.after.as_ref().and_then(|row| place(row, sk)) {
                found.retain(|(place, _)| {
                    if query.oldest_first {
                        *place > last
                    } else {
                        *place < last
                    }
                });
            }
            let keys_only = |row: &Item| -> Item {
                let kept = row
                    .iter()
                    .filter(|(name, _)| ["pk", "sk", pk, sk].contains(&name.as_str()));
                kept.map(|(name, value)| (name.clone(), value.clone())).collect()
            };
            let found = found.into_iter().filter(|(_, row)| self.lives(row));
            let found: Vec<_> = found.take(query.limit.into()).collect();
            self.count_read(found.len());
            let found = found.into_iter();
            let is_read = |name: &str| name == "ttl" || query.members.contains(&name);
            let projected = |row: &Item| -> Item {
                let read = row.iter().filter(|(name, _)| is_read(name));
                read.map(|(name, value)| (name.clone(), value.clone())).collect()
            };
            Ok(match query.index {
                Some(_) => found.map(|(_, row)| keys_only(row)).collect(),
                None if query.members.is_empty() => found.map(|(_, row)| row.clone()).collect(),
                None => found.map(|(_, row)| projected(row)).collect(),
            })
        })
    }

    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            self.up()?;
            let mut rows = self.locked();
            let row = rows.entry(key.clone()).or_insert_with(|| key.item());
            if !self.lives(row) {
                *row = key.item();
            }
            let count = counted(row) + 1;
            row.insert(COUNT.into(), AttributeValue::N(count.to_string()));
            row.extend(ttl.map(|ttl| (TTL.into(), AttributeValue::N(ttl.to_string()))));
            Ok(count)
        })
    }
}

/// Refuses rows over 400 KB as DynamoDB does, and with one of them all.
fn fit<'a>(rows: impl IntoIterator<Item = &'a Item>) -> Result<()> {
    let size = |row: &Item| -> usize { row.iter().map(|(name, value)| name.len() + size(value)).sum() };
    match rows.into_iter().all(|row| size(row) <= MAX_ROW_BYTES) {
        true => Ok(()),
        false => Err(Error::misconfigured("a row has more than 400 KB")),
    }
}

fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::L(values) => values.iter().map(size).sum(),
        AttributeValue::M(members) => members.iter().map(|(name, value)| name.len() + size(value)).sum(),
        _ => 1,
    }
}

/// Where a row is in an order by the member `sk`.
fn place<'a>(row: &'a Item, sk: &str) -> Option<(&'a str, &'a str, Option<&'a str>)> {
    Some((text(row, sk)?, text(row, "pk")?, text(row, "sk")))
}

fn text<'a>(row: &'a Item, name: &str) -> Option<&'a str> {
    row.get(name)?.as_s().ok().map(String::as_str)
}
