//! Lex Autolease, as far as public sources and our own assumptions describe it.
//!
//! Below `/lex/api/v1`: `POST /quotes/calculate` (operation `quote`), `POST /quotes/{quote_id}/recalculate`
//! (`recalculate`), `POST /quotes/{quote_id}/complete` (`proposal`), `GET /quotes/{quote_id}` (`retrieve`).
//!
//! Documented by what is public: the token and its claims, the `X-Lbg-Request-Id` header, the path and the request of
//! calculate, integers where integers are asked for.
//!
//! **Our assumptions**, because no public source says: the paths of the three later steps; every answer and every
//! error document; that recalculate takes calculate's request, keeps the id and renews the validity, until the quote is
//! completed (then 400 `INVALID_STATE`); the request of complete (see [`propose`]); that retrieve shows the proposal
//! beside the quote; that a quote can be completed again under the `cust_reference` that completed it, which is a second
//! credit search, but under no other (409 `ALREADY_COMPLETED`); that members which calculate or complete does not know
//! are refused; that the same body with the same `cust_reference` gives the same quote (as it now stands) instead of a
//! second one; the numbering; 28 days of validity; the arithmetic (see [`price`]); the decisions (see
//! [`crate::proposals`]).
//!
//! Checks come in this order: path, token, request id, body, quote.

mod ask;
mod price;
mod propose;
mod token;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde::Serialize;

pub use self::token::Credentials;

use self::price::{Figures, Rate};
use crate::answer::{self, Fault};
use crate::money::Pence;
use crate::proposals::{Decision, Proposal, Proposals};
use crate::server::{Asked, Partner};

const QUOTE: &str = "quote";
const RECALCULATE: &str = "recalculate";
const PROPOSAL: &str = "proposal";
const RETRIEVE: &str = "retrieve";

const VALIDITY: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Bounds memory; the oldest quotes are forgotten first.
const MOST_QUOTES: usize = 100_000;
const FIRST_QUOTE: u64 = 10_001;

pub struct Lex {
    credentials: Credentials,
    book: Mutex<Book>,
    proposals: Proposals,
}

/// Every quote by its number, and the number that a repeatable request was given.
#[derive(Default)]
struct Book {
    quotes: BTreeMap<u64, Quote>,
    issued: u64,
    repeats: HashMap<Vec<u8>, u64>,
}

struct Quote {
    reference: String,
    /// The `cust_reference` of its proposal.
    completed_by: Option<String>,
    figures: Figures,
    valid_until: Timestamp,
    /// Its key in `repeats`, to be forgotten with it.
    fingerprint: Option<Vec<u8>>,
}

#[derive(Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Calculated,
    Completed,
}

#[derive(Serialize)]
struct QuoteAnswer<'a> {
    quote_id: String,
    quote_reference: &'a str,
    status: Status,
    term: i64,
    mileage: i64,
    initial_payment: Pence,
    monthly_rental: Pence,
    total_rentals: Pence,
    apr: Option<Rate>,
    balloon: Option<Pence>,
    valid_until: String,
}

#[derive(Serialize)]
struct RetrieveAnswer<'a> {
    #[serde(flatten)]
    quote: QuoteAnswer<'a>,
    proposal: Option<ProposalAnswer<'a>>,
}

#[derive(Serialize)]
struct CompleteAnswer<'a> {
    quote_id: &'a str,
    #[serde(flatten)]
    proposal: ProposalAnswer<'a>,
}

#[derive(Serialize)]
struct ProposalAnswer<'a> {
    proposal_id: String,
    cust_reference: &'a str,
    status: Decision,
    reason: Option<String>,
}

impl Partner for Lex {
    fn name(&self) -> &'static str {
        "lex"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[QUOTE, RECALCULATE, PROPOSAL, RETRIEVE]
    }

    fn operation(&self, asked: &Asked) -> Option<&'static str> {
        target(asked).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, asked: &Asked) -> Response {
        self.serve(asked)
            .unwrap_or_else(|refused| answer::errors(refused.status, refused.faults))
    }

    fn proposals(&self) -> Option<&Proposals> {
        Some(&self.proposals)
    }

    fn webhook_secret(&self) -> Option<&str> {
        Some(&self.credentials.webhook_secret)
    }
}

struct Refused {
    status: StatusCode,
    faults: Vec<Fault>,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            faults: vec![Fault::new(code, message)],
        }
    }
}

/// A request that is well-formed but wrong in these ways.
impl From<Vec<Fault>> for Refused {
    fn from(faults: Vec<Fault>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            faults,
        }
    }
}

/// The operation, and the quote id that the path names.
fn target(asked: &Asked) -> Result<(&'static str, &str), Refused> {
    let segments = asked.segments();
    let Some(["api", "v1", "quotes", rest @ ..]) = segments.get(1..) else {
        return Err(no_such_path(asked));
    };
    match (asked.method.as_str(), rest) {
        ("POST", ["calculate"]) => Ok((QUOTE, "")),
        ("POST", [id, "recalculate"]) => Ok((RECALCULATE, id)),
        ("POST", [id, "complete"]) => Ok((PROPOSAL, id)),
        ("GET", [id]) if !id.is_empty() => Ok((RETRIEVE, id)),
        (method, ["calculate"] | [_, "recalculate" | "complete"]) => {
            let message = format!("{method} is not possible here");
            Err(Refused::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                message,
            ))
        }
        _ => Err(no_such_path(asked)),
    }
}

fn no_such_path(asked: &Asked) -> Refused {
    Refused::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        format!("no such path: {}", asked.uri.path()),
    )
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

impl Lex {
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            book: Mutex::default(),
            proposals: Proposals::default(),
        }
    }

    fn serve(&self, asked: &Asked) -> Result<Response, Refused> {
        let (operation, id) = target(asked)?;
        self.credentials
            .check(asked.header("authorization"), asked.at.as_second())
            .map_err(|reason| Refused::new(StatusCode::UNAUTHORIZED, "UNAUTHORISED", reason))?;
        if !asked.header("x-lbg-request-id").is_some_and(is_uuid) {
            return Err(vec![Fault::field("X-Lbg-Request-Id", "must be a UUID")].into());
        }
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        match operation {
            QUOTE => book.calculate(asked),
            RECALCULATE => book.recalculate(id, asked),
            PROPOSAL => book.complete(id, asked, &self.proposals),
            _ => book.retrieve(id, &self.proposals),
        }
    }
}

impl Book {
    fn calculate(&mut self, asked: &Asked) -> Result<Response, Refused> {
        let ask = ask::read(&asked.body)?;
        let fingerprint = ask
            .financials
            .referenced
            .then(|| digest(&SHA256, &asked.body).as_ref().to_vec());
        if let Some(number) = fingerprint
            .as_ref()
            .and_then(|fingerprint| self.repeats.get(fingerprint))
        {
            return self.show(*number);
        }
        let figures = price::figures(&ask)?;
        let number = FIRST_QUOTE + self.issued;
        self.issued += 1;
        if let Some(fingerprint) = &fingerprint {
            self.repeats.insert(fingerprint.clone(), number);
        }
        let quote = Quote {
            reference: format!("LEX-{}-{:03}", asked.at.strftime("%Y"), self.issued),
            completed_by: None,
            figures,
            valid_until: valid_until(asked.at),
            fingerprint,
        };
        self.quotes.insert(number, quote);
        if self.quotes.len() > MOST_QUOTES
            && let Some((_, oldest)) = self.quotes.pop_first()
            && let Some(fingerprint) = oldest.fingerprint
        {
            self.repeats.remove(&fingerprint);
        }
        self.show(number)
    }

    fn recalculate(&mut self, id: &str, asked: &Asked) -> Result<Response, Refused> {
        let ask = ask::read(&asked.body)?;
        let number = self.find(id)?;
        let quote = self.quotes.get_mut(&number).ok_or_else(|| unknown(id))?;
        if quote.completed_by.is_some() {
            let message = format!("quote {id} is already completed");
            return Err(Refused::new(StatusCode::BAD_REQUEST, "INVALID_STATE", message));
        }
        quote.figures = price::figures(&ask)?;
        quote.valid_until = valid_until(asked.at);
        self.show(number)
    }

    fn complete(&mut self, id: &str, asked: &Asked, proposals: &Proposals) -> Result<Response, Refused> {
        let ask = propose::read(&asked.body)?;
        let number = self.find(id)?;
        let quote = self.quotes.get_mut(&number).ok_or_else(|| unknown(id))?;
        if quote.completed_by.as_ref().is_some_and(|by| *by != ask.reference) {
            let message = format!("quote {id} is already completed under another cust_reference");
            return Err(Refused::new(StatusCode::CONFLICT, "ALREADY_COMPLETED", message));
        }
        let proposal = proposals.accept(&ask.reference, &ask.surname);
        let document = CompleteAnswer {
            quote_id: id,
            proposal: proposal_answer(&ask.reference, proposal),
        };
        let response = answer::json(StatusCode::OK, &document);
        quote.completed_by = Some(ask.reference);
        Ok(response)
    }

    fn retrieve(&self, id: &str, proposals: &Proposals) -> Result<Response, Refused> {
        let number = self.find(id)?;
        let quote = self.quotes.get(&number).ok_or_else(|| unknown(id))?;
        let completed_by = quote.completed_by.as_deref();
        let proposal = completed_by.and_then(|by| Some(proposal_answer(by, proposals.find(by)?)));
        let document = RetrieveAnswer {
            quote: quote_answer(number, quote),
            proposal,
        };
        Ok(answer::json(StatusCode::OK, &document))
    }

    fn find(&self, id: &str) -> Result<u64, Refused> {
        id.strip_prefix('Q')
            .and_then(|digits| digits.parse().ok())
            .filter(|number| quote_id(*number) == id && self.quotes.contains_key(number))
            .ok_or_else(|| unknown(id))
    }

    fn show(&self, number: u64) -> Result<Response, Refused> {
        let quote = self.quotes.get(&number).ok_or_else(|| unknown(&quote_id(number)))?;
        Ok(answer::json(StatusCode::OK, &quote_answer(number, quote)))
    }
}

fn quote_answer(number: u64, quote: &Quote) -> QuoteAnswer<'_> {
    let figures = &quote.figures;
    QuoteAnswer {
        quote_id: quote_id(number),
        quote_reference: &quote.reference,
        status: if quote.completed_by.is_some() {
            Status::Completed
        } else {
            Status::Calculated
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

fn proposal_answer(reference: &str, proposal: Proposal) -> ProposalAnswer<'_> {
    ProposalAnswer {
        proposal_id: format!("P{}", proposal.number),
        cust_reference: reference,
        status: proposal.decision,
        reason: proposal.reason,
    }
}

fn quote_id(number: u64) -> String {
    format!("Q{number}")
}

fn unknown(id: &str) -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("no quote {id}"))
}

fn valid_until(at: Timestamp) -> Timestamp {
    // Only a date at the very end of the calendar cannot be added to.
    at.checked_add(VALIDITY).unwrap_or(at)
}
