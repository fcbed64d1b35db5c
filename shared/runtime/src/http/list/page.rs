//! Reading a list in pages.

use model::Result;
use uuid::Uuid;

use super::cursor::Cursor;
use super::entry::Entry;
use super::params::ListWindow;
use crate::http::envelope::Listed;
use crate::port::store::{Item, Key, Query, Store, typed};

/// Entries of a partition that are read together.
const CHUNK: u16 = 100;
/// A page that has looked at this many entries ends early, with a cursor to the next.
const LOOKED_AT: usize = 1000;

/// A page of a list, and where the next one begins.
pub struct ListPage<T> {
    pub rows: Vec<T>,
    pub next: Option<Cursor>,
}

impl<T> ListPage<T> {
    /// In the envelope of spec 1.
    pub fn listed(self, message: &str) -> Listed<T> {
        Listed::new(self.rows, message, self.next.map(|cursor| cursor.to_string()))
    }
}

/// Where the rows of a list are.
pub struct Source<'a> {
    store: &'a dyn Store,
    table: &'a str,
    /// Newest first.
    partitions: Vec<String>,
    /// Whether the partitions have entries that name the rows, or the rows themselves.
    named: bool,
}

impl<'a> Source<'a> {
    /// Rows that the entries of these partitions name.
    pub fn entries(store: &'a dyn Store, table: &'a str, partitions: Vec<String>) -> Self {
        Self {
            store,
            table,
            partitions,
            named: true,
        }
    }

    /// Rows that are in these partitions themselves, by their ids.
    pub fn rows(store: &'a dyn Store, table: &'a str, partitions: Vec<String>) -> Self {
        Self {
            named: false,
            ..Self::entries(store, table, partitions)
        }
    }

    /// Ids and rows of a partition, newest first. A row that an entry names may be gone.
    async fn read(&self, query: &Query) -> Result<Vec<(String, Option<Item>)>> {
        let found = self.store.query(query).await?;
        if !self.named {
            let id = |row: &Item| Key::of(self.table, row).sk.unwrap_or_default();
            return Ok(found.into_iter().map(|row| (id(&row), Some(row))).collect());
        }
        let entries: Vec<Entry> = found.into_iter().map(typed).collect::<Result<_>>()?;
        let keys: Vec<Key> = entries
            .iter()
            .map(|entry| Key::new(self.table, &entry.row_pk, Some(&entry.row_sk)))
            .collect();
        let rows = self.store.get_all(&keys).await?;
        Ok(entries.into_iter().map(|entry| entry.sk).zip(rows).collect())
    }
}

/// The rows of a list that `keep` wants.
pub async fn page<T>(
    source: &Source<'_>,
    window: impl Into<ListWindow>,
    keep: impl Fn(Item) -> Result<Option<T>>,
) -> Result<ListPage<T>> {
    let window = window.into();
    let limit = usize::from(window.params.limit());
    let mut page = ListPage {
        rows: Vec::new(),
        next: None,
    };
    let (mut looked_at, mut last) = (0, None);
    for partition in &source.partitions {
        let mut to = window.greatest();
        loop {
            let query = Query::new(source.table, partition, CHUNK)
                .from(window.least())
                .to(to.clone());
            let found = source.read(&query).await?;
            let full = found.len() == usize::from(CHUNK);
            for (sk, row) in found {
                let Ok(id) = sk.parse::<Uuid>() else { continue };
                if page.rows.len() == limit || looked_at == LOOKED_AT {
                    page.next = last.map(Cursor::below);
                    return Ok(page);
                }
                looked_at += 1;
                last = Some(id);
                match row.map(&keep).transpose() {
                    Ok(row) => page.rows.extend(row.flatten()),
                    // One row that cannot be read must not hide the others.
                    Err(error) => tracing::error!(%error, row = sk, "a row of a list cannot be read"),
                }
            }
            let Some(id) = last.filter(|_| full) else {
                break;
            };
            to = Some(Uuid::from_u128(id.as_u128().saturating_sub(1)).to_string());
        }
    }
    Ok(page)
}
