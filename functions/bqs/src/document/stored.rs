//! A stored document of a case.

use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A stored document: the body of its change, from which the forwarder builds the upload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredDocument {
    pub document_id: Uuid,
    /// The document definition code.
    pub code: String,
    pub media_type: String,
    /// In bytes.
    pub size: u64,
    /// In hex.
    pub sha256: String,
    /// The file's key in the bucket.
    pub key: String,
}

impl StoredDocument {
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::unreadable("a stored document", &error))
    }

    pub fn render(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::new(Kind::Internal, "a document").because(error))
    }
}

/// The key of a document's file. It stays in quarantine until the bucket deletes it. Only the forwarder reads it, and sends it
/// upstream once the scanner finds it clean.
pub fn key(id: Uuid) -> String {
    format!("quarantine/{id}")
}
