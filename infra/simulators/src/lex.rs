//! Lex Autolease, as far as public sources and our own assumptions describe it.
//!
//! Below `/lex/api/v1`: `POST /quotes/calculate` (operation `quote`), `POST /quotes/{quote_id}/recalculate`
//! (`recalculate`), `POST /quotes/{quote_id}/complete` (`proposal`), `GET /quotes/{quote_id}` (`retrieve`).
//!
//! **Public sources document** the token and its claims, the `X-Lbg-Request-Id` header, the path and the request of
//! calculate, and that numbers in it are integers.
//!
//! **Our assumptions**, because no public source covers them:
//!
//! - the paths of the three later steps, every response and every errors document;
//! - that recalculate takes calculate's request, keeps the id and renews the validity, until the quote is completed
//!   (then 400 `INVALID_STATE`);
//! - the request of complete (see [`complete`]);
//! - that retrieve shows the proposal beside the quote;
//! - that a repeated complete succeeds under the `cust_reference` that completed the quote, and is a second credit
//!   search; under any other it is 409 `ALREADY_COMPLETED`;
//! - that members which calculate or complete does not know are refused;
//! - that a repeated body with the same `cust_reference` returns the same quote as it now stands;
//! - the numbering, and 28 days of validity;
//! - the arithmetic (see [`price`]) and the decisions (see [`crate::proposals`]).
//!
//! The checks run in this order: path, token, request id, body, quote.

mod calculate;
mod complete;
mod error;
mod price;
mod responses;
mod store;
mod token;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;

pub use self::token::LexCredentials;

use self::error::LexError;
use self::store::QuoteStore;
use crate::answer::{self, ErrorEntry};
use crate::partner::{IncomingRequest, Partner};
use crate::proposals::Proposals;

const QUOTE: &str = "quote";
const RECALCULATE: &str = "recalculate";
const PROPOSAL: &str = "proposal";
const RETRIEVE: &str = "retrieve";

pub struct Lex {
    credentials: LexCredentials,
    quotes: Mutex<QuoteStore>,
    proposals: Proposals,
}

impl Partner for Lex {
    fn name(&self) -> &'static str {
        "lex"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[QUOTE, RECALCULATE, PROPOSAL, RETRIEVE]
    }

    fn operation(&self, request: &IncomingRequest) -> Option<&'static str> {
        target(request).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, request: &IncomingRequest) -> Response {
        self.serve(request)
            .unwrap_or_else(|refusal| answer::errors(refusal.status, refusal.entries))
    }

    fn proposals(&self) -> Option<&Proposals> {
        Some(&self.proposals)
    }

    fn webhook_secret(&self) -> Option<&str> {
        Some(&self.credentials.webhook_secret)
    }
}

/// Returns the operation, and the quote id in the path.
fn target(request: &IncomingRequest) -> Result<(&'static str, &str), LexError> {
    let segments = request.segments();
    let Some(["api", "v1", "quotes", rest @ ..]) = segments.get(1..) else {
        return Err(no_such_path(request));
    };
    match (request.method.as_str(), rest) {
        ("POST", ["calculate"]) => Ok((QUOTE, "")),
        ("POST", [id, "recalculate"]) => Ok((RECALCULATE, id)),
        ("POST", [id, "complete"]) => Ok((PROPOSAL, id)),
        ("GET", [id]) if !id.is_empty() => Ok((RETRIEVE, id)),
        (method, ["calculate"] | [_, "recalculate" | "complete"]) => {
            let message = format!("{method} is not possible here");
            Err(LexError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                message,
            ))
        }
        _ => Err(no_such_path(request)),
    }
}

fn no_such_path(request: &IncomingRequest) -> LexError {
    LexError::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        format!("no such path: {}", request.uri.path()),
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
    pub fn from_environment() -> Self {
        Self::new(LexCredentials::from_environment())
    }

    pub fn new(credentials: LexCredentials) -> Self {
        Self {
            credentials,
            quotes: Mutex::default(),
            proposals: Proposals::default(),
        }
    }

    fn quotes(&self) -> MutexGuard<'_, QuoteStore> {
        self.quotes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, request: &IncomingRequest) -> Result<Response, LexError> {
        let (operation, id) = target(request)?;
        self.credentials
            .check(request.header("authorization"), request.at.as_second())
            .map_err(|reason| LexError::new(StatusCode::UNAUTHORIZED, "UNAUTHORISED", reason))?;
        if !request.header("x-lbg-request-id").is_some_and(is_uuid) {
            return Err(vec![ErrorEntry::field("X-Lbg-Request-Id", "must be a UUID")].into());
        }
        match operation {
            QUOTE => {
                let mut quotes = self.quotes();
                let quote = quotes.calculate(&request.body, request.at)?;
                Ok(answer::json(StatusCode::OK, &responses::quote(quote)))
            }
            RECALCULATE => {
                let mut quotes = self.quotes();
                let quote = quotes.recalculate(id, &request.body, request.at)?;
                Ok(answer::json(StatusCode::OK, &responses::quote(quote)))
            }
            PROPOSAL => self.complete(id, &request.body),
            _ => self.retrieve(id),
        }
    }

    fn complete(&self, id: &str, body: &[u8]) -> Result<Response, LexError> {
        let request = complete::read(body)?;
        let mut quotes = self.quotes();
        let quote = quotes.find(id)?;
        if quote.completed_by.as_ref().is_some_and(|by| *by != request.reference) {
            let message = format!("quote {id} is already completed under another cust_reference");
            return Err(LexError::new(StatusCode::CONFLICT, "ALREADY_COMPLETED", message));
        }
        let proposal = self.proposals.accept(&request.reference, &request.surname);
        let response = answer::json(StatusCode::OK, &responses::completed(id, &request.reference, proposal));
        quote.completed_by = Some(request.reference);
        Ok(response)
    }

    fn retrieve(&self, id: &str) -> Result<Response, LexError> {
        let mut quotes = self.quotes();
        let quote = quotes.find(id)?;
        let completed_by = quote.completed_by.as_deref();
        let proposal = completed_by.and_then(|by| Some((by, self.proposals.find(by)?)));
        Ok(answer::json(StatusCode::OK, &responses::retrieved(quote, proposal)))
    }
}
