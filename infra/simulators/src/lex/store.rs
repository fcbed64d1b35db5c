//! The quotes that Lex has issued.

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};

use super::calculate;
use super::error::LexError;
use super::price::{self, QuoteFigures};

const QUOTE_VALIDITY: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Bounds memory: the oldest quotes are dropped first.
const MAX_QUOTES: usize = 100_000;
const FIRST_QUOTE: u64 = 10_001;

/// Every quote by its number. `repeats` has the number for the fingerprint of each repeatable request.
#[derive(Default)]
pub struct QuoteStore {
    quotes: BTreeMap<u64, StoredQuote>,
    issued: u64,
    repeats: HashMap<Vec<u8>, u64>,
}

pub struct StoredQuote {
    pub id: String,
    pub reference: String,
    /// The `cust_reference` of the proposal that completed the quote.
    pub completed_by: Option<String>,
    pub figures: QuoteFigures,
    pub valid_until: Timestamp,
    /// The quote's key in `repeats`, which is dropped with the quote.
    fingerprint: Option<Vec<u8>>,
}

impl QuoteStore {
    pub fn calculate(&mut self, body: &[u8], at: Timestamp) -> Result<&StoredQuote, LexError> {
        let request = calculate::read(body)?;
        let fingerprint = request
            .financials
            .referenced
            .then(|| digest(&SHA256, body).as_ref().to_vec());
        let repeated = fingerprint
            .as_ref()
            .and_then(|fingerprint| self.repeats.get(fingerprint).copied());
        let number = match repeated {
            Some(number) => number,
            None => self.issue(price::figures(&request)?, fingerprint, at),
        };
        self.quotes.get(&number).ok_or_else(|| no_quote(&quote_id(number)))
    }

    /// Stores a new quote and returns its number.
    fn issue(&mut self, figures: QuoteFigures, fingerprint: Option<Vec<u8>>, at: Timestamp) -> u64 {
        let number = FIRST_QUOTE + self.issued;
        self.issued += 1;
        if let Some(fingerprint) = &fingerprint {
            self.repeats.insert(fingerprint.clone(), number);
        }
        let quote = StoredQuote {
            id: quote_id(number),
            reference: format!("LEX-{}-{:03}", at.strftime("%Y"), self.issued),
            completed_by: None,
            figures,
            valid_until: valid_until(at),
            fingerprint,
        };
        self.quotes.insert(number, quote);
        if self.quotes.len() > MAX_QUOTES
            && let Some((_, oldest)) = self.quotes.pop_first()
            && let Some(fingerprint) = oldest.fingerprint
        {
            self.repeats.remove(&fingerprint);
        }
        number
    }

    pub fn recalculate(&mut self, id: &str, body: &[u8], at: Timestamp) -> Result<&StoredQuote, LexError> {
        let request = calculate::read(body)?;
        let quote = self.find(id)?;
        if quote.completed_by.is_some() {
            let message = format!("quote {id} is already completed");
            return Err(LexError::new(StatusCode::BAD_REQUEST, "INVALID_STATE", message));
        }
        quote.figures = price::figures(&request)?;
        quote.valid_until = valid_until(at);
        Ok(quote)
    }

    pub fn find(&mut self, id: &str) -> Result<&mut StoredQuote, LexError> {
        id.strip_prefix('Q')
            .and_then(|digits| digits.parse().ok())
            .filter(|number| quote_id(*number) == id)
            .and_then(|number| self.quotes.get_mut(&number))
            .ok_or_else(|| no_quote(id))
    }
}

fn quote_id(number: u64) -> String {
    format!("Q{number}")
}

fn no_quote(id: &str) -> LexError {
    LexError::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("no quote {id}"))
}

fn valid_until(at: Timestamp) -> Timestamp {
    // The addition fails only for a date at the very end of the calendar.
    at.checked_add(QUOTE_VALIDITY).unwrap_or(at)
}
