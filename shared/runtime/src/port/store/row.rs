//! Items, their keys, and their form in Rust.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use model::{Error, Kind, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

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

    pub(crate) fn item(&self) -> Item {
        let pk = ("pk".to_owned(), AttributeValue::S(self.pk.clone()));
        let sk = self.sk.clone().map(|sk| ("sk".to_owned(), AttributeValue::S(sk)));
        std::iter::once(pk).chain(sk).collect()
    }
}

/// The attribute that `Store::count` counts in.
pub(super) const COUNT: &str = "count";

/// The value of a counter's row.
pub(super) fn counted(row: &Item) -> u64 {
    let count = row.get(COUNT).and_then(|count| count.as_n().ok());
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// The attribute with the second at which a row expires.
pub(super) const TTL: &str = "ttl";

/// Whether the row has not expired.
pub(super) fn lives(row: &Item, now: Timestamp) -> bool {
    let ttl = row.get(TTL).and_then(|ttl| ttl.as_n().ok()?.parse().ok());
    ttl.is_none_or(|ttl: i64| ttl > now.as_second())
}

/// A row as it is stored.
pub fn item<T: Serialize>(row: &T) -> Result<Item> {
    serde_dynamo::to_item(row).map_err(|error| Error::new(Kind::Internal, "a row cannot be written").because(error))
}

/// Reads a row into its type.
pub fn typed<T: DeserializeOwned>(item: Item) -> Result<T> {
    serde_dynamo::from_item(item).map_err(|error| Error::unreadable("a stored row cannot be read", &error))
}
