//! A proposal as callers see it. No `Debug`, so that the customer cannot reach a log line.

use model::Result;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::person::Customer;
use model::proposal::ProposalStatus;
use model::quote::{Contract, Environment};
use model::time::UtcTime;
use model::vehicle::Vehicle;
use runtime::Cx;
use runtime::port::store::{self, Item};
use runtime::work::row::Row;
use serde::Serialize;
use utoipa::ToSchema;

use super::documents::StoredProposalDocument;
use super::row::ProposalRow;
use crate::Env;
use crate::quote::{FailureView, QuoteRow};

/// A proposal.
#[derive(Clone, Serialize, ToSchema)]
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
    /// The proposal's status.
    pub status: ProposalStatus,
    /// False while only the funder's webhook reports the status. The funder's answer may still replace it.
    pub confirmed: bool,
    /// The funder's id.
    #[schema(required)]
    pub external_proposal_id: Option<String>,
    /// The funder's reason for its decision.
    #[schema(required)]
    pub reason: Option<String>,
    /// As the funder gets it: the quote's customer, with the details that the request replaced.
    pub customer_details: Customer,
    /// As in the quote's request. Null in lists, and once the quote is no longer kept.
    #[schema(required)]
    pub vehicle_details: Option<Vehicle>,
    /// As in the quote's request. Null in lists, and once the quote is no longer kept.
    #[schema(required)]
    pub contract_details: Option<Contract>,
    /// As in the quote's request, if it has one. Null in lists, and once the quote is no longer kept.
    #[schema(required)]
    pub source: Option<String>,
    /// The documents that came with it.
    pub documents: Vec<DocumentView>,
    /// Why it FAILED.
    #[schema(required)]
    pub failure: Option<FailureView>,
    /// The correlation id of the request that made it and of every call to the funder about it.
    pub correlation_id: CorrelationId,
    /// When it was requested.
    pub created_at: UtcTime,
    /// When a member of this view last changed.
    pub updated_at: UtcTime,
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
    /// With what its quote was asked for, if this caller may see it.
    pub async fn visible(cx: &Cx<Env>, id: ProposalId) -> Result<Self> {
        let row = ProposalRow::visible(cx, id).await?;
        let view = Self::of(&row)?;
        let Some(quote) = QuoteRow::load(cx.env.table()?, &row.quote_id).await? else {
            return Ok(view);
        };
        let asked = quote.request()?;
        Ok(Self {
            vehicle_details: Some(asked.vehicle_details),
            contract_details: Some(asked.contract_details),
            source: asked.source,
            ..view
        })
    }

    pub fn read(item: Item) -> Result<Self> {
        Self::of(&store::typed(item)?)
    }

    /// As a page of a list has it: without what only the quote's row has.
    pub fn of(row: &ProposalRow) -> Result<Self> {
        let (status, reason) = row.shown();
        Ok(Self {
            proposal_id: row.id,
            quote_id: row.quote_id,
            funder_name: row.funder_name.clone(),
            environment: row.environment,
            status,
            confirmed: row.is_confirmed(),
            external_proposal_id: row.external_id.clone(),
            reason: reason.map(Into::into),
            customer_details: row.customer()?,
            vehicle_details: None,
            contract_details: None,
            source: None,
            documents: row.documents.iter().map(DocumentView::of).collect(),
            failure: row.failure.as_ref().map(FailureView::of),
            correlation_id: row.correlation_id,
            created_at: row.created_at.into(),
            updated_at: row.changed_at().into(),
        })
    }
}
