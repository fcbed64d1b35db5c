//! A store in memory, for tests: the same conditions, the same atomicity.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use model::{Error, Kind, Result};

use super::{Item, Key, Outcome, Store, Write};

#[derive(Default)]
pub struct Memory {
    rows: Mutex<BTreeMap<Key, Item>>,
    down: Mutex<bool>,
}

impl Memory {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Item>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every row of a table, by key.
    pub fn table(&self, table: &str) -> Vec<Item> {
        self.rows()
            .iter()
            .filter(|(key, _)| key.table == table)
            .map(|(_, item)| item.clone())
            .collect()
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

fn key_of(table: &str, item: &Item) -> Key {
    let text = |member: &str| item.get(member).and_then(|value| value.as_s().ok().cloned());
    Key {
        table: table.to_owned(),
        pk: text("pk").unwrap_or_default(),
        sk: text("sk"),
    }
}

impl Store for Memory {
    fn get<'a>(&'a self, key: &'a Key, _: bool) -> BoxFuture<'a, Result<Option<Item>>> {
        Box::pin(async move {
            self.up()?;
            Ok(self.rows().get(key).cloned())
        })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>> {
        Box::pin(async move {
            self.up()?;
            let mut rows = self.rows();
            if writes.iter().all(|write| write.when.holds(rows.get(&write.key))) {
                rows.extend(writes.into_iter().map(|write| (write.key, write.item)));
                return Ok(Outcome::Done);
            }
            Ok(Outcome::Refused(
                writes.iter().map(|write| rows.get(&write.key).cloned()).collect(),
            ))
        })
    }

    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.up()?;
            self.rows()
                .extend(items.into_iter().map(|item| (key_of(table, &item), item)));
            Ok(())
        })
    }

    fn query<'a>(&'a self, table: &'a str, pk: &'a str, limit: u16) -> BoxFuture<'a, Result<Vec<Item>>> {
        Box::pin(async move {
            self.up()?;
            let rows = self.rows();
            let found = rows.iter().rev().filter(|(key, _)| key.table == table && key.pk == pk);
            Ok(found.map(|(_, item)| item.clone()).take(limit.into()).collect())
        })
    }
}
