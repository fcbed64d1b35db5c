//! Rows that wait for a time, in a sparse index.

use std::collections::HashSet;
use std::future::ready;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use jiff::Timestamp;
use model::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::row::Table;
use crate::port::clock::Clock;
use crate::port::store::{Index, Item, Key, Query};

/// Waiting rows by kind and time. Every domain's table has this index.
const DUE_INDEX: Index = Index {
    name: "due",
    pk: "dueIn",
    sk: "dueAt",
};
/// Rows in one read.
const BATCH: u16 = 100;
/// How many rows are worked on at once.
const CONCURRENCY: usize = 8;

/// When a row is due again, if it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DueTime {
    #[serde(rename = "dueIn", skip_serializing_if = "Option::is_none")]
    list: Option<String>,
    #[serde(rename = "dueAt", skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl DueTime {
    /// `list` is the kind of row.
    pub fn at(list: &str, at: Option<Timestamp>) -> Self {
        Self {
            list: at.map(|_| list.to_owned()),
            at: at.map(sortable),
        }
    }

    /// Whether the row is due. The index may still list a row that was postponed meanwhile.
    pub fn has_come(&self, now: Timestamp) -> bool {
        self.at.as_ref().is_some_and(|at| *at <= sortable(now))
    }
}

/// Seconds in a fixed width, so that text sorts as time does.
fn sortable(at: Timestamp) -> String {
    format!("{:012}", at.as_second())
}

/// The rows of one list that are due, for a scheduled run.
pub struct Sweep<'a> {
    pub table: Table<'a>,
    /// The kind of row.
    pub list: &'a str,
    pub clock: Clock,
    /// When the run must be over.
    pub deadline: Instant,
    /// How long the work on one row may take. With less time left, rows wait for the next run.
    pub time_for_one: Duration,
}

impl Sweep<'_> {
    /// Works on each row that is due, the longest waiting first, a few at once and as many as the time allows.
    ///
    /// A row that stays due is not worked on again in this run. One row's failure does not stop the others: what failed is tried
    /// once more at the end, and the run returns the last failure. What failed again or was left is due at the next run.
    ///
    /// The index may still list a row that was postponed meanwhile, so `work` reads the row and looks whether it is due.
    pub async fn each<F>(&self, work: impl Fn(Key) -> F) -> Result<()>
    where
        F: Future<Output = Result<()>>,
    {
        let until = sortable(self.clock.now());
        let (mut seen, mut last, mut failed) = (HashSet::new(), None, Vec::new());
        loop {
            let batch = self.batch(&until, last).await?;
            let keys = batch.iter().map(|row| Key::of(self.table.name, row));
            let fresh: Vec<Key> = keys.filter(|key| seen.insert(key.clone())).collect();
            let ended = batch.len() < usize::from(BATCH);
            last = batch.into_iter().last();
            failed.extend(self.failures(fresh, &work).await);
            if ended || !self.has_time() {
                break;
            }
        }
        let (again, mut errors): (Vec<Key>, Vec<Error>) = failed.into_iter().unzip();
        errors.extend(self.failures(again, &work).await.into_iter().map(|(_, error)| error));
        errors.pop().map_or(Ok(()), Err)
    }

    /// Works on these rows, while there is time, and returns those that failed.
    async fn failures<F>(&self, keys: Vec<Key>, work: impl Fn(Key) -> F) -> Vec<(Key, Error)>
    where
        F: Future<Output = Result<()>>,
    {
        let one = async |key: Key| match self.has_time() {
            true => work(key.clone()).await.err().map(|error| (key, error)),
            false => None,
        };
        let each = iter(keys).map(one).buffer_unordered(CONCURRENCY);
        each.filter_map(ready).collect().await
    }

    fn has_time(&self) -> bool {
        self.deadline.saturating_duration_since(Instant::now()) >= self.time_for_one
    }

    /// The next rows that were due at `until`, after the last one of the batch before.
    async fn batch(&self, until: &str, last: Option<Item>) -> Result<Vec<Item>> {
        let query = Query::new(self.table.name, self.list, BATCH)
            .index(DUE_INDEX)
            .to(Some(until.to_owned()))
            .after(last)
            .oldest_first();
        self.table.store.query(&query).await
    }
}
