//! Rows that wait for a time: a sparse index holds them until it has come.

use jiff::Timestamp;
use model::Result;
use serde::{Deserialize, Serialize};

use crate::store::{Index, Key, Query, Store};

/// Rows that wait for a time, by what they are and when it is. Every domain's table has it.
pub const DUE: Index = Index {
    name: "due",
    pk: "dueIn",
    sk: "dueAt",
};
/// How many are taken on at once. The rest are still due in a minute.
const BATCH: u16 = 100;

/// When a row wants to be looked at again; nothing where it does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Due {
    #[serde(rename = "dueIn", skip_serializing_if = "Option::is_none")]
    list: Option<String>,
    #[serde(rename = "dueAt", skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl Due {
    /// `list` says what kind of row it is.
    pub fn at(list: &str, at: Option<Timestamp>) -> Self {
        Self {
            list: at.map(|_| list.to_owned()),
            at: at.map(sortable),
        }
    }

    /// Whether the time has come. An index may still say so of a row that was put off meanwhile.
    pub fn has_come(&self, now: Timestamp) -> bool {
        self.at.as_ref().is_some_and(|at| *at <= sortable(now))
    }
}

/// Seconds in a fixed width, so that text sorts as time does.
fn sortable(at: Timestamp) -> String {
    format!("{:012}", at.as_second())
}

/// Where the rows of a table are whose time has come, the longest waiting first.
pub async fn now_due(store: &dyn Store, table: &str, list: &str, now: Timestamp) -> Result<Vec<Key>> {
    let query = Query::new(table, list, BATCH)
        .index(DUE)
        .to(Some(sortable(now)))
        .oldest_first();
    let found = store.query(&query).await?;
    Ok(found.iter().map(|item| Key::of(table, item)).collect())
}
