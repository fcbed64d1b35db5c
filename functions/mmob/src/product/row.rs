//! How the orders of a product are fulfilled, as it is stored. The product itself is at MMOB.

use jiff::Timestamp;
use model::Result;
use runtime::port::store::Key;
use runtime::work::row::{Row, Table};
use runtime::work::seal::{Sealed, SealedPlace};
use serde::{Deserialize, Serialize};

use crate::Env;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Fulfilment {
    /// The order succeeds if its input has these members. Otherwise the user has to give them.
    Auto { required_inputs: Vec<String> },
    /// The provider's own endpoint decides. The secret, sealed here, signs each call, in the form of Standard Webhooks.
    Callback { url: String, secret: Sealed },
    /// An operator decides.
    Manual,
}

impl Fulfilment {
    /// The host that decides the orders, with its port. Only a provider has one.
    pub fn host(&self) -> Option<String> {
        let Self::Callback { url, .. } = self else {
            return None;
        };
        let uri: http::Uri = url.parse().ok()?;
        Some(uri.authority()?.as_str().to_ascii_lowercase())
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductRow {
    /// MMOB's id.
    pub id: String,
    pub fulfilment: Fulfilment,
    pub created_at: Timestamp,
}

/// Where the secret of this row stands.
fn secret_of(row: &Key) -> SealedPlace<'_> {
    SealedPlace {
        row,
        member: "product.secret",
    }
}

/// Seals the secret of the product with this id.
pub async fn seal(env: &Env, id: &str, secret: &str, now: Timestamp) -> Result<Sealed> {
    let row = ProductRow::key(env.table()?, id);
    env.sealing.seal(secret_of(&row), secret, now).await
}

/// Opens the secret of the product with this id.
pub async fn open(env: &Env, id: &str, secret: &Sealed, now: Timestamp) -> Result<String> {
    let row = ProductRow::key(env.table()?, id);
    env.sealing.open(secret_of(&row), secret, now).await
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
