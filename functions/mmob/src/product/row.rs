//! How the orders of a product are fulfilled, as it is stored. The product itself is at MMOB.

use jiff::Timestamp;
use runtime::port::store::Key;
use runtime::work::row::{Row, Table};
use serde::{Deserialize, Serialize};

/// Without `Debug`, so that nothing prints the secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Fulfilment {
    /// The order succeeds if its input has these members. Otherwise the user has to give them.
    Auto { required_inputs: Vec<String> },
    /// The provider's own endpoint decides. The secret signs each call, in the form of Standard Webhooks.
    Callback { url: String, secret: String },
    /// An operator decides.
    Manual,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductRow {
    /// MMOB's id.
    pub id: String,
    pub fulfilment: Fulfilment,
    pub created_at: Timestamp,
}

impl ProductRow {
    pub fn new(id: impl Into<String>, fulfilment: Fulfilment, now: Timestamp) -> Self {
        Self {
            id: id.into(),
            fulfilment,
            created_at: now,
        }
    }
}

impl Row for ProductRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("PRODUCT#{id}"), "PRODUCT")
    }

    fn id(&self) -> &str {
        &self.id
    }
}
