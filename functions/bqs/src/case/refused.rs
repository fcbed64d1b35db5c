//! Documents that the hub refused after it had answered their channel, as their case shows them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::message::moment::DanishTime;

/// A case keeps the last ones.
const MAX_DOCUMENTS: usize = 20;

/// `not-permitted`: the channel lost the right to add documents. `differs`: the bytes differ from the announcement. `unacceptable`: the
/// file is damaged, too large as an image, or a PDF with a script, a program to launch or an embedded file. `not-arrived`: no upload
/// was complete in time. `infected`: it has malware. `unscanned`: the scanner gave no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DocumentRefusal {
    /// The channel lost the right to add documents to the case before the document arrived.
    NotPermitted,
    /// The uploaded bytes differ from the announcement.
    Differs,
    /// The file is damaged, an image has too many pixels, or a PDF has a script, a program to launch or an embedded file.
    Unacceptable,
    /// No upload was complete at the hub's last check, about a quarter of an hour after the announcement.
    NotArrived,
    /// The scanner found malware in the document.
    Infected,
    /// The scanner gave no verdict on the document, and an operator gave it up.
    Unscanned,
}

/// A document that the hub refused after its response.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedDocument {
    /// The id from the response to the upload.
    #[schema(value_type = String, format = "uuid")]
    pub document_id: Uuid,
    /// The document definition code.
    pub code: String,
    /// Why it was refused.
    pub reason: DocumentRefusal,
    /// When it was refused.
    pub refused_at: DanishTime,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RefusedDocuments {
    /// How many were refused.
    pub count: u32,
    /// The newest last.
    pub last: Vec<RefusedDocument>,
}

impl RefusedDocuments {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn add(&mut self, document: RefusedDocument) {
        self.count += 1;
        self.last.push(document);
        let excess = self.last.len().saturating_sub(MAX_DOCUMENTS);
        self.last.drain(..excess);
    }
}
