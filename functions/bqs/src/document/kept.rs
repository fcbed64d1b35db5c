//! A document as a case knows it.

use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What is sent on of a document: the body of its change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    pub document_id: Uuid,
    /// The document definition code.
    pub code: String,
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// In hex.
    pub sha256: String,
    /// Where it is in the bucket.
    pub key: String,
}

impl Kept {
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::new(Kind::Internal, "a stored document").because(error))
    }

    pub fn render(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::new(Kind::Internal, "a document").because(error))
    }
}

/// Where a document lies until somebody has vouched for it. Nobody scans it here; it is deleted after a while.
pub fn key(id: Uuid) -> String {
    format!("quarantine/{id}")
}
