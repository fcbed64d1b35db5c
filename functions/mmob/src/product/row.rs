//! What is to be done when a product is ordered, as it is stored. The product itself lies at MMOB.

use jiff::Timestamp;
use model::Result;
use runtime::store::{Key, When, Write};
use serde::{Deserialize, Serialize};

use crate::Env;

/// Without `Debug`, so that nothing prints the secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Fulfilment {
    /// It is done when these members of the order's input are there.
    Auto { required_inputs: Vec<String> },
    /// The provider's own endpoint decides. What it is sent is signed with the secret, as Standard Webhooks lays down.
    Callback { url: String, secret: String },
    /// An operator decides.
    Manual,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductRow {
    /// MMOB's.
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

    pub fn key(env: &Env, id: &str) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("PRODUCT#{id}"), Some("PRODUCT")))
    }

    pub async fn load(env: &Env, id: &str) -> Result<Option<Self>> {
        env.read(&Self::key(env, id)?).await
    }

    /// The first write of this row.
    pub fn create(&self, env: &Env) -> Result<Write> {
        Write::put(Self::key(env, &self.id)?, self, When::Absent)
    }
}
