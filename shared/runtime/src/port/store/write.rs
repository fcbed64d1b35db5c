//! Writes: a whole row, and the condition under which it replaces what is there.

use model::Result;
use serde::Serialize;

use super::condition::When;
use super::row::{Item, Key, item};

/// A whole row and the condition under which it replaces what is there.
#[derive(Clone, Debug)]
pub struct Write {
    pub key: Key,
    /// None leaves the row as it is: its condition must hold for the other writes.
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

/// The result of a write. Refused: a condition did not hold, and no row was written.
#[derive(Debug, PartialEq)]
#[must_use]
pub enum Written {
    Done,
    /// The rows that the conditions met, one entry per write, where the store returns them.
    Refused(Vec<Option<Item>>),
}
