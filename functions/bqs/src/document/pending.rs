//! A document that its channel announced and may be uploading.

use jiff::Timestamp;
use model::Result;
use runtime::port::store::{Key, When, Write};
use runtime::work::row::Table;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::case::row::Sequence;

/// In seconds. As long as the file, which no other row names if it is refused.
const RETENTION: i64 = 31 * 24 * 60 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UploadState {
    Awaited,
    /// The document belongs to the case.
    Taken,
    /// The case shows the reason. It can be that nothing arrived.
    Refused,
}

/// An announced document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PendingUpload {
    pub document_id: Uuid,
    pub code: String,
    pub media_type: String,
    pub size: u64,
    pub state: UploadState,
    pub created_at: Timestamp,
    ttl: i64,
}

impl PendingUpload {
    pub fn new(id: Uuid, code: &str, media_type: &str, size: u64, now: Timestamp) -> Self {
        Self {
            document_id: id,
            code: code.to_owned(),
            media_type: media_type.to_owned(),
            size,
            state: UploadState::Awaited,
            created_at: now,
            ttl: now.as_second().saturating_add(RETENTION),
        }
    }

    fn key(rows: Table<'_>, sequence: Sequence, id: Uuid) -> Key {
        rows.key(format!("CASE#{sequence}"), &format!("UPLOAD#{id}"))
    }

    pub async fn load(rows: Table<'_>, sequence: Sequence, id: Uuid) -> Result<Option<Self>> {
        rows.read(&Self::key(rows, sequence, id)).await
    }

    pub fn create(&self, rows: Table<'_>, sequence: Sequence) -> Result<Write> {
        Write::put(Self::key(rows, sequence, self.document_id), self, When::Absent)
    }

    /// The write that ends the wait. Only one such write succeeds.
    pub fn end(&mut self, rows: Table<'_>, sequence: Sequence, state: UploadState) -> Result<Write> {
        self.state = state;
        let key = Self::key(rows, sequence, self.document_id);
        Write::put(key, self, When::text("state", "awaited"))
    }
}
