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

/// A proposal.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalView {
    /// The proposal's id.
    pub proposal_id: ProposalId,
    /// The quote that it was made from.
    pub quote_id: QuoteId,
    /// The funder that decides about it.
    pub funder_name: String,
    /// The funder's environment.
    pub environment: Environment,
    /// How far it is.
    pub status: ProposalStatus,
    /// False while only the funder's webhook reports the status. The funder's answer may still replace it.
    pub confirmed: bool,
    /// The funder's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_proposal_id: Option<String>,
    /// The funder's reason for its decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The documents that came with it.
    pub documents: Vec<DocumentView>,
    /// Why it FAILED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// Of the request that made it, and of every call to the funder about it.
    pub correlation_id: CorrelationId,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it came to its status.
    pub updated_at: Timestamp,
}

/// A document that came with a proposal, without its content.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentView {
    /// The document's type, as the request named it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The document's media type.
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
