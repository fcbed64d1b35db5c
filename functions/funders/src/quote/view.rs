//! A quote as callers see it. No `Debug`, so that the customer cannot reach a log line.

use jiff::Timestamp;
use model::Result;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::money::{Number, Pounds};
use model::person::Customer;
use model::quote::{Contract, Environment, QuoteStatus};
use model::time::UtcTime;
use model::vehicle::Vehicle;
use runtime::port::store::{self, Item};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{QuoteRow, StoredFailure};
use crate::dry_run::warnings;

/// A quote.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuoteView {
    /// The quote's id.
    pub id: QuoteId,
    /// The funder that was asked.
    pub funder_name: String,
    /// The funder's environment.
    pub environment: Environment,
    /// The quote's status.
    pub status: QuoteStatus,
    /// One regular payment.
    #[schema(required)]
    pub monthly_payment: Option<Pounds>,
    /// Sum of the regular payments, without deposit and balloon.
    #[schema(required)]
    pub total_amount: Option<Pounds>,
    /// Everything the customer pays.
    #[schema(required)]
    pub total_amount_payable: Option<Pounds>,
    /// Percent per year.
    #[schema(required)]
    pub apr: Option<Number>,
    /// Paid at the end.
    #[schema(required)]
    pub balloon_payment: Option<Pounds>,
    /// Months, as granted.
    #[schema(required)]
    pub term: Option<u32>,
    /// Months, as requested, where the funder granted another term.
    #[schema(required)]
    pub requested_term: Option<u32>,
    /// The funder's id.
    #[schema(required)]
    pub external_quote_id: Option<String>,
    /// The funder's own reference.
    #[schema(required)]
    pub external_reference: Option<String>,
    /// When the price expires.
    #[schema(required)]
    pub valid_until: Option<UtcTime>,
    /// The proposal that the quote became, once it is CONVERTED.
    #[schema(required)]
    pub proposal_id: Option<ProposalId>,
    /// As in the request. Null in the response to the request itself.
    #[schema(required)]
    pub customer_details: Option<Customer>,
    /// As in the request. Null in the response to the request itself.
    #[schema(required)]
    pub vehicle_details: Option<Vehicle>,
    /// As in the request. Null in the response to the request itself.
    #[schema(required)]
    pub contract_details: Option<Contract>,
    /// As in the request, if it has one. Null in the response to the request itself.
    #[schema(required)]
    pub source: Option<String>,
    /// The parts of the request that the funder was not asked for.
    pub warnings: Vec<String>,
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
    #[schema(required)]
    pub retry_after: Option<u64>,
    /// The funder's own code, where it gave one.
    #[schema(required)]
    pub partner_code: Option<String>,
    /// The values that were refused, with the reasons.
    pub errors: Vec<FieldView>,
}

/// A value that was not accepted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldView {
    /// The path of the value in the request, such as `vehicleDetails.price`.
    pub field: String,
    /// The rule that the value must meet.
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

    /// With what was asked for.
    pub fn of_row(row: &QuoteRow, now: Timestamp) -> Result<Self> {
        let request = row.request()?;
        let view = Self::of(row, &request.contract_details, now);
        Ok(Self {
            customer_details: Some(request.customer_details),
            vehicle_details: Some(request.vehicle_details),
            contract_details: Some(request.contract_details),
            source: request.source,
            ..view
        })
    }

    /// Without what was asked for: the caller has just sent it, and the response is stored under its idempotency key.
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
            valid_until: row.valid_until.map(Into::into),
            proposal_id: row.proposal_id,
            customer_details: None,
            vehicle_details: None,
            contract_details: None,
            source: None,
            warnings: warnings(contract),
            failure: row.failure.as_ref().map(FailureView::of),
            correlation_id: row.correlation_id,
            created_at: row.created_at.into(),
            updated_at: row.changed_at(now).into(),
        }
    }
}
