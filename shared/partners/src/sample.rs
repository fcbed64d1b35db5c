//! What the adapters' tests ask, and the answers they make up.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use model::proposal::{Document, Proposal};
use model::quote::QuoteRequest;
use serde_json::Value;

use crate::{Answer, Ask, Call, Reference};

pub const REFERENCE: &str = "0190d5a0-0000-7000-8000-000000000001";
pub const CORRELATION: &str = "0190d5a0-0000-7000-8000-000000000002";
pub const PROPOSAL: &str = "0190d5a0-0000-7000-8000-000000000003";

/// Ids that would lead a request elsewhere, were they put into its path as they are.
pub const HOSTILE: [&str; 9] = [
    "",
    ".",
    "..",
    "../quotes/Q1",
    "Q1/../Q2",
    "Q1?a=b",
    "Q1#",
    "Q1%2f",
    "Q1\r\nx: y",
];

pub fn request() -> QuoteRequest {
    serde_json::from_str(include_str!("../../../events/bodies/quote.json")).unwrap()
}

pub fn with<T>(request: &QuoteRequest, test: impl FnOnce(&Ask) -> T) -> T {
    let ask = Ask {
        reference: REFERENCE.parse().unwrap(),
        correlation: CORRELATION.parse().unwrap(),
        request,
    };
    test(&ask)
}

pub fn answer(status: u16, body: &str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        received_at: Timestamp::UNIX_EPOCH,
    }
}

pub fn proposal(external_quote_id: &str) -> Proposal {
    Proposal {
        id: PROPOSAL.parse().unwrap(),
        correlation: CORRELATION.parse().unwrap(),
        external_quote_id: external_quote_id.into(),
        customer: request().customer_details,
        documents: vec![Document {
            kind: "drivingLicense".into(),
            media_type: "application/pdf".into(),
            content: "JVBERi0xLjQK".into(),
        }],
    }
}

/// The question after [`proposal`].
pub fn of(external_quote_id: &str) -> Reference<'_> {
    Reference {
        proposal: PROPOSAL.parse().unwrap(),
        correlation: CORRELATION.parse().unwrap(),
        external_quote_id,
    }
}

/// The body must be the fixture, and every amount in it written with the decimals that the fixture has.
pub fn assert_sends(call: &Call, fixture: &str) {
    let text = std::str::from_utf8(call.request.body()).unwrap();
    let sent: Value = serde_json::from_str(text).unwrap();
    assert_eq!(sent, serde_json::from_str::<Value>(fixture).unwrap());
    let amounts = |text: &str| -> Vec<String> {
        let words = text.split([' ', ',', ':', '}', ']', '\n']);
        let mut amounts: Vec<_> = words.filter(|word| is_amount(word)).map(str::to_owned).collect();
        amounts.sort();
        amounts
    };
    assert_eq!(amounts(text), amounts(fixture));
}

fn is_amount(word: &str) -> bool {
    let decimals = word.split_once('.').map_or("", |(_, decimals)| decimals);
    word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && decimals.len() == 2
}
