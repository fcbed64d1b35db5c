//! The parts of a case, and the changes by which its channel asked for them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A case shows the last ones.
const MAX_DOCUMENTS: usize = 20;

/// The subject of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CasePart {
    /// The case's own members. They may start scoring and consent too.
    Case,
    /// A scoring.
    Scoring,
    /// A business's consent.
    Consent,
    /// A document.
    Document,
}

/// The change by which a part was asked for last.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PartChange {
    pub n: u64,
    pub at: Timestamp,
}

/// The change that adds a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentChange {
    /// None until an announced document has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    pub document_id: Uuid,
    pub code: String,
}

/// Of a case of before these were kept, only the later ones are known.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CaseParts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoring: Option<PartChange>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<PartChange>,
    /// The newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentChange>,
}

impl CaseParts {
    pub fn is_empty(&self) -> bool {
        self.scoring.is_none() && self.consent.is_none() && self.documents.is_empty()
    }

    /// Adds a document, or the change of one that was announced.
    pub fn add_document(&mut self, document: DocumentChange) {
        let known = |other: &&mut DocumentChange| other.document_id == document.document_id;
        match self.documents.iter_mut().find(known) {
            Some(known) => *known = document,
            None => self.documents.push(document),
        }
        let excess = self.documents.len().saturating_sub(MAX_DOCUMENTS);
        self.documents.drain(..excess);
    }

    /// Forgets an announced document that does not become the case's.
    pub fn remove_announced(&mut self, id: Uuid) {
        self.documents
            .retain(|document| document.n.is_some() || document.document_id != id);
    }
}
