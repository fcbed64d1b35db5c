//! A quote as callers see it.

use jiff::Timestamp;
use model::Result;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::money::{Number, Pounds};
use model::quote::{Contract, Environment, QuoteStatus};
use runtime::port::store::{self, Item};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{QuoteRow, StoredFailure};
use crate::dry_run::warnings;

/// A quote.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
    /// The quote's id.
    pub id: QuoteId,
    /// The funder that was asked.
    pub funder_name: String,
    /// The funder's environment.
    pub environment: Environment,
    /// How far it is.
    pub status: QuoteStatus,
    /// One regular payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monthly_payment: Option<Pounds>,
    /// Sum of the regular payments: neither deposit nor balloon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_amount: Option<Pounds>,
    /// Everything the customer pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_amount_payable: Option<Pounds>,
    /// Percent per year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apr: Option<Number>,
    /// Paid at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balloon_payment: Option<Pounds>,
    /// Months, as granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub term: Option<u32>,
    /// Months, as requested, where the funder granted another term.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_term: Option<u32>,
    /// The funder's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_quote_id: Option<String>,
    /// The funder's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_reference: Option<String>,
    /// The end of the price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
    /// The proposal that the quote became, once it is CONVERTED.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposal_id: Option<ProposalId>,
    /// What the funder was not asked for, though the request has it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it FAILED, or why it is PENDING.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// Of the request that made it, and of every call to the funder about it.
    pub correlation_id: CorrelationId,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why there is no price.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailureView {
    /// The code of the problem that the caller would have got.
    pub code: String,
    /// The reason, for people.
    pub message: String,
    /// Whether the same request may succeed later, unchanged.
    pub retryable: bool,
    /// Seconds, counted from `updatedAt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The funder's own code, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_code: Option<String>,
    /// The values that were refused, with the reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldView>,
}

/// A value that was not accepted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// The path of the value in the request, such as `vehicleDetails.price`.
    pub field: String,
    /// What the value must be.
    pub message: String,
}

impl FailureView {
    pub fn of(failure: &StoredFailure) -> Self {
        Self {
            code: failure.code.clone(),
            message: failure.message.clone(),
            retryable: failure.to_error().kind.rule().retryable,
            retry_after: failure.retry_after,
            partner_code: failure.partner_code.clone(),
            errors: failure.errors.iter().map(FieldView::of).collect(),
        }
    }
}

impl FieldView {
    fn of((field, message): &(String, String)) -> Self {
        Self {
            field: field.clone(),
            message: message.clone(),
        }
    }
}

impl QuoteView {
    pub fn read(item: Item, now: Timestamp) -> Result<Self> {
        Self::of_row(&store::typed(item)?, now)
    }

    pub fn of_row(row: &QuoteRow, now: Timestamp) -> Result<Self> {
        Ok(Self::of(row, &row.request()?.contract_details, now))
    }

    /// `contract` is from the row's request.
    pub fn of(row: &QuoteRow, contract: &Contract, now: Timestamp) -> Self {
        let price = row.price.as_ref();
        Self {
            id: row.id,
            funder_name: row.funder_name.clone(),
            environment: row.environment,
            status: row.status_at(now),
            monthly_payment: price.map(|price| Pounds(price.monthly_payment)),
            total_amount: price.map(|price| Pounds(price.total_amount)),
            total_amount_payable: price.map(|price| Pounds(price.total_amount_payable)),
            apr: price.and_then(|price| price.apr).map(Number).or(contract.apr),
            balloon_payment: price
                .and_then(|price| price.balloon_payment)
                .map(Pounds)
                .or(contract.balloon_payment),
            term: price.map(|price| price.term),
            requested_term: price.filter(|price| price.term != contract.term).map(|_| contract.term),
            external_quote_id: price.map(|price| price.external_quote_id.clone()),
            external_reference: price.and_then(|price| price.external_reference.clone()),
            valid_until: row.valid_until,
            proposal_id: row.proposal_id,
            warnings: warnings(contract),
            failure: row.failure.as_ref().map(FailureView::of),
            correlation_id: row.correlation_id,
            created_at: row.created_at,
            updated_at: row.version.updated_at(),
        }
    }
}
