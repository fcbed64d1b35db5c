//! The questions in the adapters' tests.

use model::proposal::{Proposal, ProposalDocument};
use model::quote::QuoteRequest;

use crate::funder::{QuoteContext, Reference};

pub const REFERENCE: &str = "0190d5a0-0000-7000-8000-000000000001";
pub const CORRELATION: &str = "0190d5a0-0000-7000-8000-000000000002";
pub const PROPOSAL: &str = "0190d5a0-0000-7000-8000-000000000003";

pub const REQUEST: &str = include_str!("../../../../events/bodies/quote.json");

pub fn request() -> QuoteRequest {
    serde_json::from_str(REQUEST).unwrap()
}

pub fn context(request: &QuoteRequest) -> QuoteContext<'_> {
    QuoteContext {
        reference: REFERENCE.parse().unwrap(),
        correlation: CORRELATION.parse().unwrap(),
        request,
    }
}

pub fn proposal(external_quote_id: &str) -> Proposal {
    Proposal {
        id: PROPOSAL.parse().unwrap(),
        correlation: CORRELATION.parse().unwrap(),
        external_quote_id: external_quote_id.into(),
        customer: request().customer_details,
        documents: vec![ProposalDocument {
            kind: "drivingLicense".into(),
            media_type: "application/pdf".into(),
            content: "JVBERi0xLjQK".into(),
        }],
    }
}

/// The question after [`proposal`].
pub fn reference(external_quote_id: &str) -> Reference<'_> {
    Reference {
        proposal: PROPOSAL.parse().unwrap(),
        correlation: CORRELATION.parse().unwrap(),
        external_quote_id,
    }
}
