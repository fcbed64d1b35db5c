//! The others: what each partner is asked and how its answers are read. Values only; nothing here does I/O.
//!
//! A new funder is one file with an `impl Funder`, one arm in [`funder`], one fixture folder and one secret.

pub mod alphabet;
mod answer;
pub mod bqs;
pub mod lex;
pub mod mmob;
mod notice;
#[cfg(test)]
mod sample;

use std::collections::BTreeMap;

use bytes::Bytes;
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::proposal::{Decision, Proposal};
use model::quote::{Price, QuoteRequest, QuoteType};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

pub use answer::{Answer, code, decimal, optional_decimal, read};
pub use notice::{Notice, notice};

/// A request not yet sent. Its URI is a path: which installation it goes to is configuration.
#[derive(Debug)]
pub struct Call {
    pub request: http::Request<Bytes>,
    /// The name this call has in the integration log.
    pub operation: &'static str,
    /// Whether sending it twice does no harm. What is not repeatable is never sent again while its outcome is unknown.
    pub repeatable: bool,
}

/// How a partner knows that it is us. Declared by the adapter, performed by the runtime; the names are members of the
/// partner's secret.
#[derive(Clone, Copy, Debug)]
pub enum Auth {
    /// `Authorization: Bearer` with an HS256 JWT that we sign ourselves.
    SignedToken {
        secret: &'static str,
        /// Setting that says how the secret is written: `raw` or `base64`.
        encoding: &'static str,
        /// Setting for the life of a token in hours.
        lifetime: &'static str,
        /// Claim name and the member it is filled from, beside `iat`, `nbf` and `exp`.
        claims: &'static [(&'static str, &'static str)],
    },
    /// A key of ours in a header. The setting `<PARTNER>_API_KEY_HEADER` names another one.
    ApiKey { header: &'static str, secret: &'static str },
}

/// Which steps of a conversation are done and what later steps need of them. Small, and kept in the row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress(pub BTreeMap<String, String>);

#[derive(Debug)]
pub enum Step<T> {
    Next(Progress),
    Done(T),
}

/// What a funder is told beside the caller's request.
pub struct Ask<'a> {
    /// Our id for the quote, sent along so that both sides can find it again.
    pub reference: QuoteId,
    pub correlation: CorrelationId,
    pub request: &'a QuoteRequest,
}

/// Which proposal a funder is asked about.
pub struct Reference<'a> {
    pub proposal: ProposalId,
    pub correlation: CorrelationId,
    /// The funder's id of the quote it came from.
    pub external_quote_id: &'a str,
}

/// A funder, as values: requests not yet sent and readers of answers.
pub trait Funder: Send + Sync {
    /// The registry name callers use; also the prefix of its settings.
    fn name(&self) -> &'static str;
    /// What people read.
    fn display_name(&self) -> &'static str;
    fn quote_types(&self) -> &'static [QuoteType];
    fn auth(&self) -> Auth;
    /// JSON members whose values may stand in logs. Everything else is redacted.
    fn loggable(&self) -> &'static [&'static str];
    fn quote(&self, ask: &Ask, so_far: &Progress) -> Result<Call>;
    fn quoted(&self, ask: &Ask, so_far: &Progress, answer: &Answer) -> Result<Step<Price>>;

    /// Progress that stands for the answers in between, so that every step can be shown without sending any.
    fn rehearsal(&self) -> Vec<Progress> {
        vec![Progress::default()]
    }

    fn proposal_types(&self) -> &'static [QuoteType];
    /// The submission. Never repeatable: it costs the customer a credit search.
    fn propose(&self, proposal: &Proposal) -> Result<Call>;
    fn proposed(&self, proposal: &Proposal, answer: &Answer) -> Result<Decision>;
    /// The question what became of a proposal.
    fn ask_decision(&self, of: &Reference) -> Result<Call>;
    /// None where the funder says that it has no such proposal.
    fn decided(&self, of: &Reference, answer: &Answer) -> Result<Option<Decision>>;

    /// A call without effect whose refusal tells a wrong key from a wrong address.
    fn probe(&self) -> Result<Call>;
}

/// A partner's id as one segment of a path, which it must not break out of.
pub fn segment(id: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    if id.is_empty() || id.starts_with('.') || !id.bytes().all(plain) {
        return Err(Error::new(
            Kind::PartnerBadResponse,
            "the partner's id cannot stand in a path",
        ));
    }
    Ok(id)
}

/// Every funder's name, in the order callers are told.
pub const FUNDERS: [&str; 2] = ["LEX", "ALPHABET"];

pub fn funder(name: &str) -> Option<&'static dyn Funder> {
    match name {
        "LEX" => Some(&lex::Lex),
        "ALPHABET" => Some(&alphabet::Alphabet),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_answers_to_every_name_it_lists() {
        for name in FUNDERS {
            assert_eq!(funder(name).map(Funder::name), Some(name));
        }
        assert!(funder("lex").is_none() && funder("").is_none());
    }

    #[test]
    fn an_id_stays_one_segment() {
        assert_eq!(segment("Q12345").unwrap(), "Q12345");
        for trick in ["", "..", "a/b", "a?b", "a%2fb", "a#b", "a b", "\u{e4}"] {
            assert!(segment(trick).is_err(), "{trick:?}");
        }
    }
}
