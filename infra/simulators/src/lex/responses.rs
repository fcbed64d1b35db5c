//! Lex's responses.

use serde::Serialize;

use super::price::Apr;
use super::store::StoredQuote;
use crate::money::Pence;
use crate::proposals::{Decision, Proposal};

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum QuoteStatus {
    Calculated,
    Completed,
}

#[derive(Serialize)]
pub struct QuoteResponse<'a> {
    quote_id: &'a str,
    quote_reference: &'a str,
    status: QuoteStatus,
    term: i64,
    mileage: i64,
    initial_payment: Pence,
    monthly_rental: Pence,
    total_rentals: Pence,
    apr: Option<Apr>,
    balloon: Option<Pence>,
    valid_until: String,
}

#[derive(Serialize)]
pub struct RetrieveResponse<'a> {
    #[serde(flatten)]
    quote: QuoteResponse<'a>,
    proposal: Option<ProposalObject<'a>>,
}

#[derive(Serialize)]
pub struct CompleteResponse<'a> {
    quote_id: &'a str,
    #[serde(flatten)]
    proposal: ProposalObject<'a>,
}

#[derive(Serialize)]
struct ProposalObject<'a> {
    proposal_id: String,
    cust_reference: &'a str,
    status: Decision,
    reason: Option<String>,
}

pub fn quote(quote: &StoredQuote) -> QuoteResponse<'_> {
    let figures = &quote.figures;
    QuoteResponse {
        quote_id: &quote.id,
        quote_reference: &quote.reference,
        status: if quote.completed_by.is_some() {
            QuoteStatus::Completed
        } else {
            QuoteStatus::Calculated
        },
        term: figures.term,
        mileage: figures.mileage,
        initial_payment: figures.initial_payment,
        monthly_rental: figures.monthly_rental,
        total_rentals: figures.total_rentals,
        apr: figures.apr,
        balloon: figures.balloon,
        valid_until: format!("{:.0}", quote.valid_until),
    }
}

/// `proposal` is the one that completed the quote, with its `cust_reference`.
pub fn retrieved<'a>(stored: &'a StoredQuote, proposal: Option<(&'a str, Proposal)>) -> RetrieveResponse<'a> {
    RetrieveResponse {
        quote: quote(stored),
        proposal: proposal.map(|(reference, proposal)| proposal_object(reference, proposal)),
    }
}

pub fn completed<'a>(quote_id: &'a str, reference: &'a str, proposal: Proposal) -> CompleteResponse<'a> {
    CompleteResponse {
        quote_id,
        proposal: proposal_object(reference, proposal),
    }
}

fn proposal_object(reference: &str, proposal: Proposal) -> ProposalObject<'_> {
    ProposalObject {
        proposal_id: format!("P{}", proposal.number),
        cust_reference: reference,
        status: proposal.decision,
        reason: proposal.reason,
    }
}
