//! A proposal as callers see it.

use jiff::Timestamp;
use model::Result;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::proposal::ProposalStatus;
use model::quote::Environment;
use runtime::port::store::{self, Item};
use serde::Serialize;
use utoipa::ToSchema;

use super::documents::StoredProposalDocument;
use super::row::ProposalRow;
use crate::quote::FailureView;

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalView {
    pub proposal_id: ProposalId,
    pub quote_id: QuoteId,
    pub funder_name: String,
    pub environment: Environment,
    pub status: ProposalStatus,
    /// False while only the funder's webhook reports the status. The funder's answer may still replace it.
    pub confirmed: bool,
    /// The funder's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_proposal_id: Option<String>,
    /// The funder's reason for its decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub documents: Vec<DocumentView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// Of the request that made it, and of every call to the funder about it.
    pub correlation_id: CorrelationId,
    pub created_at: Timestamp,
    /// When it came to its status.
    pub updated_at: Timestamp,
}

/// A document that came with a proposal, without its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentView {
    #[serde(rename = "type")]
    pub kind: String,
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// In hexadecimal.
    pub sha256: String,
}

impl DocumentView {
    fn of(document: &StoredProposalDocument) -> Self {
        Self {
            kind: document.kind.clone(),
            media_type: document.media_type.clone(),
            size: document.size,
            sha256: document.sha256.clone(),
        }
    }
}

impl ProposalView {
    pub fn read(item: Item) -> Result<Self> {
        Ok(Self::of(&store::typed(item)?))
    }

    pub fn of(row: &ProposalRow) -> Self {
        let (status, reason, updated_at) = row.shown();
        Self {
            proposal_id: row.id,
            quote_id: row.quote_id,
            funder_name: row.funder_name.clone(),
            environment: row.environment,
            status,
            confirmed: row.is_confirmed(),
            external_proposal_id: row.external_id.clone(),
            reason: reason.map(Into::into),
            documents: row.documents.iter().map(DocumentView::of).collect(),
            failure: row.failure.as_ref().map(FailureView::of),
            correlation_id: row.correlation_id,
            created_at: row.created_at,
            updated_at,
        }
    }
}
