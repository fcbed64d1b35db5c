//! Rows: typed items, read by key, written under a condition, one write or one transaction at a time.

mod condition;
mod dynamo;
#[cfg(any(test, feature = "testing"))]
mod memory;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::BoxFuture;
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
    pub item: Item,
    pub when: When,
}

impl Write {
    pub fn put<T: Serialize>(key: Key, row: &T, when: When) -> Result<Self> {
        let mut item = item(row)?;
        item.extend(key.item());
        Ok(Self { key, item, when })
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

pub trait Store: Send + Sync {
    fn get<'a>(&'a self, key: &'a Key, consistent: bool) -> BoxFuture<'a, Result<Option<Item>>>;

    /// All or nothing: one row is one conditional write, several are one transaction.
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<Outcome>>;

    /// New rows that depend on nothing, such as log rows.
    fn append<'a>(&'a self, table: &'a str, items: Vec<Item>) -> BoxFuture<'a, Result<()>>;

    /// The rows under one partition key, by sort key, newest first.
    fn query<'a>(&'a self, table: &'a str, pk: &'a str, limit: u16) -> BoxFuture<'a, Result<Vec<Item>>>;
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
