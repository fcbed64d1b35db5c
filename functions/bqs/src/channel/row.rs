//! A channel's row: its permissions and the hash of its api key.

use jiff::Timestamp;
use model::Result;
use runtime::port::store::Key;
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// A channel's role. `admin` manages channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum Role {
    #[serde(rename = "case.write")]
    CaseWrite,
    #[serde(rename = "case.read")]
    CaseRead,
    #[serde(rename = "message.read")]
    MessageRead,
    #[serde(rename = "message.write")]
    MessageWrite,
    #[serde(rename = "document.write")]
    DocumentWrite,
    #[serde(rename = "admin")]
    Admin,
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::CaseWrite,
        Self::CaseRead,
        Self::MessageRead,
        Self::MessageWrite,
        Self::DocumentWrite,
        Self::Admin,
    ];

    /// As permissions name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CaseWrite => "case.write",
            Self::CaseRead => "case.read",
            Self::MessageRead => "message.read",
            Self::MessageWrite => "message.write",
            Self::DocumentWrite => "document.write",
            Self::Admin => "admin",
        }
    }

    /// The role of this name, in any casing.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.name().eq_ignore_ascii_case(name))
    }
}

/// A channel's permissions. An empty list allows nothing. Lists have no duplicates and keep the order of the admin's request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Permissions {
    /// The channel's roles.
    #[schema(value_type = BTreeSet<Role>)]
    pub roles: Vec<Role>,
    /// The dealers whose cases it handles.
    #[schema(value_type = BTreeSet<i64>)]
    pub allowed_dealer_codes: Vec<i64>,
    /// The brands that its cases may have.
    #[schema(value_type = BTreeSet<i64>)]
    pub allowed_brand_codes: Vec<i64>,
    /// The agreement codes that its cases may have.
    #[schema(value_type = BTreeSet<i64>)]
    pub allowed_agreements: Vec<i64>,
}

pub const MAX_NAME_LENGTH: usize = 64;

/// Whether this can be a channel's name: letters, digits, `.`, `_` and `-`, the first a letter or a digit.
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    name.len() <= MAX_NAME_LENGTH && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain)
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelRow {
    pub name: String,
    #[serde(flatten)]
    pub permissions: Permissions,
    /// Of the current api key.
    pub key_hash: String,
    /// Of the permissions and the key.
    #[serde(flatten)]
    pub version: Version,
    pub created_at: Timestamp,
}

impl Row for ChannelRow {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("CHANNEL#{id}"), "CHANNEL")
    }

    fn id(&self) -> &str {
        &self.name
    }
}

impl Revised for ChannelRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl ChannelRow {
    /// The channel of this name, if it can be one.
    pub async fn named(env: &Env, name: &str) -> Result<Option<Self>> {
        if !is_name(name) {
            return Ok(None);
        }
        Self::load(env.channels()?, name).await
    }
}
