//! Rows: typed items, read by key, written under a condition, one write or one transaction at a time.

mod condition;
mod dynamo;
#[cfg(any(test, feature = "testing"))]
mod memory;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::{Error, Kind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use condition::When;
pub use dynamo::Dynamo;
#[cfg(any(test, feature = "testing"))]
pub use memory::Memory;

pub type Item = HashMap<String, AttributeValue>;

/// Where a row is: `pk`, and `sk` in the tables that have one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub table: String,
    pub pk: String,
    pub sk: Option<String>,
}

impl Key {
    pub fn new(table: impl Into<String>, pk: impl Into<String>, sk: Option<&str>) -> Self {
        Self {
            table: table.into(),
            pk: pk.into(),
            sk: sk.map(Into::into),
        }
    }

    /// Where a row of this table is.
    pub fn of(table: &str, item: &Item) -> Self {
        let text = |member: &str| item.get(member).and_then(|value| value.as_s().ok().cloned());
        Self {
            table: table.to_owned(),
            pk: text("pk").unwrap_or_default(),
            sk: text("sk"),
        }
    }

    fn item(&self) -> Item {
        let pk = ("pk".to_owned(), AttributeValue::S(self.pk.clone()));
        let sk = self.sk.clone().map(|sk| ("sk".to_owned(), AttributeValue::S(sk)));
        std::iter::once(pk).chain(sk).collect()
    }
}

/// A whole row and the condition under which it replaces what is there.
#[derive(Clone, Debug)]
pub struct Write {
    pub key: Key,
    /// None leaves the row as it is: its condition only has to hold for the others to be written.
    pub item: Option<Item>,
    pub when: When,
}

impl Write {
    pub fn put<T: Serialize>(key: Key, row: &T, when: When) -> Result<Self> {
        let mut item = item(row)?;
        item.extend(key.item());
        Ok(Self {
            key,
            item: Some(item),
            when,
        })
    }

    /// A condition on a row that is not written.
    pub fn check(key: Key, when: When) -> Self {
        Self { key, item: None, when }
    }
}

/// Whether a write took effect. Refused means that a condition did not hold and nothing was written.
#[derive(Debug, PartialEq)]
#[must_use]
pub enum Outcome {
    Done,
    /// What stood there, one entry per write, where the store says.
    Refused(Vec<Option<Item>>),
}

/// Reads see no row whose `ttl` has passed: DynamoDB deletes those late, by days. Conditions still meet them, and so do indexes.
pub trait Store: Send + Sync {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>>;

    /// All or nothing: one row is one conditional write, several are one transaction.
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>>;

    /// New rows that depend on nothing, such as log rows.
    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>>;

    /// The rows of these keys, in their order. Costs a reader half of what consistent reads would.
    fn get_all<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Option<Item>>>>;

    fn query<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Vec<Item>>>;

    /// Adds one to the counter in a row, which is gone after `ttl` if there is one, and says what it is then. It may be
    /// one too many, where an answer was lost on the way.
    fn count<'a>(&'a self, key: &'a Key, ttl: Option<i64>) -> BoxFuture<'a, Result<u64>>;
}

/// Another order of a table's rows. It holds their keys only, and rows without its key attributes are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    pub name: &'static str,
    pub pk: &'static str,
    pub sk: &'static str,
}

/// Rows under one partition key, by sort key, newest first unless said otherwise.
#[derive(Clone, Debug)]
pub struct Query {
    pub table: String,
    pub index: Option<Index>,
    pub pk: String,
    /// The least sort key, itself included.
    pub from: Option<String>,
    /// The greatest sort key, itself included.
    pub to: Option<String>,
    pub oldest_first: bool,
    /// Sees every write that was answered before. Indexes cannot.
    pub consistent: bool,
    pub limit: u16,
}

impl Query {
    pub fn new(table: impl Into<String>, pk: impl Into<String>, limit: u16) -> Self {
        Self {
            table: table.into(),
            index: None,
            pk: pk.into(),
            from: None,
            to: None,
            oldest_first: false,
            consistent: false,
            limit,
        }
    }

    #[must_use]
    pub fn index(self, index: Index) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    #[must_use]
    pub fn from(self, least: Option<String>) -> Self {
        Self { from: least, ..self }
    }

    #[must_use]
    pub fn to(self, greatest: Option<String>) -> Self {
        Self { to: greatest, ..self }
    }

    #[must_use]
    pub fn oldest_first(self) -> Self {
        Self {
            oldest_first: true,
            ..self
        }
    }

    #[must_use]
    pub fn consistent(self) -> Self {
        Self {
            consistent: true,
            ..self
        }
    }

    fn keys(&self) -> (&'static str, &'static str) {
        self.index.map_or(("pk", "sk"), |index| (index.pk, index.sk))
    }
}

/// The attribute that [`Store::count`] counts in.
const COUNT: &str = "count";

/// What a counter's row says.
fn counted(row: &Item) -> u64 {
    let count = row.get(COUNT).and_then(|count| count.as_n().ok());
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// Whether the row's time has not passed yet.
fn lives(row: &Item, now: Timestamp) -> bool {
    let ttl = row.get("ttl").and_then(|ttl| ttl.as_n().ok()?.parse().ok());
    ttl.is_none_or(|ttl: i64| ttl > now.as_second())
}

/// A row as it is stored.
pub fn item<T: Serialize>(row: &T) -> Result<Item> {
    serde_dynamo::to_item(row).map_err(|error| Error::new(Kind::Internal, "a row cannot be written").because(error))
}

/// Reads a row into its type.
pub fn typed<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item)
        .map_err(|error| Error::new(Kind::Internal, "a stored row cannot be read").because(error))
}

#[cfg(test)]
mod tests;
