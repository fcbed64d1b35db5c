//! Rows that wait for a time, in a sparse index.

use jiff::Timestamp;
use model::Result;
use serde::{Deserialize, Serialize};

use crate::port::store::{Index, Key, Query, Store};

/// Waiting rows by kind and time. Every domain's table has this index.
const DUE_INDEX: Index = Index {
    name: "due",
    pk: "dueIn",
    sk: "dueAt",
};
/// Rows that one run takes. The rest are still due at the next.
const BATCH: u16 = 100;

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

/// The keys of the rows that are due, the longest waiting first.
pub async fn now_due(store: &dyn Store, table: &str, list: &str, now: Timestamp) -> Result<Vec<Key>> {
    let query = Query::new(table, list, BATCH)
        .index(DUE_INDEX)
        .to(Some(sortable(now)))
        .oldest_first();
    let found = store.query(&query).await?;
    Ok(found.iter().map(|item| Key::of(table, item)).collect())
}
