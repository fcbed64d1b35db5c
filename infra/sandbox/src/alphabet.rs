//! ALPHABET as Codeweavers serves it, as far as public sources and our own assumptions describe it.
//!
//! Below `/alphabet`, which takes the place of the host: `POST /api/vehicle/details` (operation `details`),
//! `POST /api/finance/defaults` (`defaults`), `POST /api/finance/calculatefordisplay` (`quote`), `POST /api/proposals`
//! (`proposal`), `GET /api/proposals/{our reference}` (`retrieve`).
//!
//! Documented by what is public: the key's header, the paths and the requests of defaults and calculatefordisplay, the
//! members of their answers, the error object that may stand in a 200 at the root, per vehicle and per quotation.
//!
//! **Our assumptions**, because no public source says: the paths and all else of details and of the proposals; that
//! `Parameters.ProductKey` chooses the product, and the keys PCH, BCH and FL; that CAP codes from 1 to 899,999 are
//! vehicles; every error code; that members which are not known are refused; the numbering; 28 days of validity; the
//! limits and the arithmetic (see [`price`]); the decisions (see [`crate::proposals`]).
//!
//! What others have met in the field, so that the hub meets it too:
//!
//! - always: in the answer to calculatefordisplay the vehicles stand in reverse behind one that nobody asked for, a
//!   quotation that failed stands before the one that did not, `TotalNumberOfRegularPayments` is one too many, and
//!   `FinalPayment` is the last instalment while the balloon is `Residual`.
//! - without `Registration.DateRegisteredWithDvla`: no products, or no quotations, and no error.
//! - a term that is not offered (24, 36, 48) is shortened to one that is: who asks for 60 gets 48.
//! - a vehicle, product, deposit or mileage that cannot be had: 200 with `HasError`.
//!
//! Checks come in this order: path, key, content type, body, quote.

mod ask;
mod document;
mod price;
mod propose;
mod quotation;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};

use self::document::{Failed, Problem};
use crate::answer::{self, Fault};
use crate::environment::variable;
use crate::money::Pence;
use crate::proposals::Proposals;
use crate::server::{Asked, Partner};
use crate::webhook;

const DETAILS: &str = "details";
const DEFAULTS: &str = "defaults";
const QUOTE: &str = "quote";
const PROPOSAL: &str = "proposal";
const RETRIEVE: &str = "retrieve";

const VALIDITY: SignedDuration = SignedDuration::from_hours(28 * 24);
/// Bounds memory; the oldest quotations are forgotten first.
const MOST_QUOTATIONS: usize = 100_000;
const FIRST_QUOTATION: u64 = 20_001;
/// What the vehicle that nobody asked for costs more than the one it imitates.
const DECOY_SURCHARGE: Pence = Pence::pounds(1_000);
const DECOY_ID: &str = "not-asked-for";

pub struct Credentials {
    pub api_key: String,
    /// Signs the webhooks that we assume Codeweavers to send.
    pub webhook_secret: String,
}

impl Credentials {
    /// From ALPHABET_API_KEY and ALPHABET_WEBHOOK_SECRET, else obvious fakes.
    pub fn from_environment() -> Self {
        Self {
            api_key: variable("ALPHABET_API_KEY", "test-alphabet-key"),
            webhook_secret: variable("ALPHABET_WEBHOOK_SECRET", webhook::FAKE_SECRET),
        }
    }
}

pub struct Alphabet {
    credentials: Credentials,
    book: Mutex<Book>,
    proposals: Proposals,
}

/// Each quotation by its number, with our reference of the proposal that was made of it.
#[derive(Default)]
struct Book {
    quotations: BTreeMap<u64, Option<String>>,
    issued: u64,
}

impl Partner for Alphabet {
    fn name(&self) -> &'static str {
        "alphabet"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[DETAILS, DEFAULTS, QUOTE, PROPOSAL, RETRIEVE]
    }

    fn operation(&self, asked: &Asked) -> Option<&'static str> {
        target(asked).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, asked: &Asked) -> Response {
        self.serve(asked)
            .unwrap_or_else(|refused| answer::json(refused.status, &Failed::new(refused.problem)))
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
    problem: Problem,
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            problem: Problem::new(code, message),
        }
    }
}

/// Codeweavers answers 200 to what it understands but cannot do.
impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self {
            status: StatusCode::OK,
            problem,
        }
    }
}

impl From<Vec<Fault>> for Refused {
    fn from(faults: Vec<Fault>) -> Self {
        let faults = faults.into_iter().map(|fault| match fault.field {
            Some(field) => format!("{field} {}", fault.message),
            None => fault.message,
        });
        let message = faults.collect::<Vec<_>>().join("; ");
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }
}

/// The operation, and the reference that the path names.
fn target(asked: &Asked) -> Result<(&'static str, &str), Refused> {
    let segments = asked.segments();
    let path = segments.get(1..).unwrap_or_default();
    match (asked.method.as_str(), path) {
        ("POST", ["api", "vehicle", "details"]) => Ok((DETAILS, "")),
        ("POST", ["api", "finance", "defaults"]) => Ok((DEFAULTS, "")),
        ("POST", ["api", "finance", "calculatefordisplay"]) => Ok((QUOTE, "")),
        ("POST", ["api", "proposals"]) => Ok((PROPOSAL, "")),
        ("GET", ["api", "proposals", reference]) if !reference.is_empty() => Ok((RETRIEVE, reference)),
        (
            method,
            ["api", "vehicle", "details"]
            | ["api", "finance", "defaults" | "calculatefordisplay"]
            | ["api", "proposals"]
            | ["api", "proposals", _],
        ) => {
            let message = format!("{method} is not possible here");
            Err(Refused::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                message,
            ))
        }
        _ => {
            let message = format!("no such path: {}", asked.uri.path());
            Err(Refused::new(StatusCode::NOT_FOUND, "NotFound", message))
        }
    }
}

impl Alphabet {
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            book: Mutex::default(),
            proposals: Proposals::default(),
        }
    }

    fn serve(&self, asked: &Asked) -> Result<Response, Refused> {
        let (operation, reference) = target(asked)?;
        if asked.header("x-cw-apikey") != Some(self.credentials.api_key.as_str()) {
            let message = "the X-CW-ApiKey header is missing or its key is not known here";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "Unauthorised", message));
        }
        let is_json = |kind: &str| kind.to_ascii_lowercase().starts_with("application/json");
        if operation != RETRIEVE && !asked.header("content-type").is_some_and(is_json) {
            let message = "the Content-Type must be application/json";
            return Err(Refused::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                message,
            ));
        }
        match operation {
            DETAILS => details(asked),
            DEFAULTS => defaults(asked),
            QUOTE => self.calculate(asked),
            PROPOSAL => self.propose(asked),
            _ => self.retrieve(reference),
        }
    }

    fn calculate(&self, asked: &Asked) -> Result<Response, Refused> {
        let requests = ask::calculate(&asked.body)?;
        let Some(first) = requests.first() else {
            return Err(Problem::new("NoVehicles", "VehicleRequests is empty").into());
        };
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut decoy = first.clone();
        decoy.id = DECOY_ID.to_owned();
        decoy.physical.price = decoy.physical.price + DECOY_SURCHARGE;
        // Its quotation is in no book: no proposal can be made of it.
        let decoy = quotation::vehicle(&decoy, asked.at, || quotation_reference(0));
        let mut vehicles = vec![decoy];
        for request in requests.iter().rev() {
            vehicles.push(quotation::vehicle(request, asked.at, || book.issue()));
        }
        Ok(answer::json(StatusCode::OK, &quotation::Vehicles { vehicles }))
    }

    fn propose(&self, asked: &Asked) -> Result<Response, Refused> {
        let ask = propose::read(&asked.body)?;
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let quotation = book.find(&ask.quotation).ok_or_else(|| {
            let message = format!("no quotation {}", ask.quotation);
            Problem::new("QuoteNotFound", message)
        })?;
        if quotation.as_ref().is_some_and(|by| *by != ask.reference) {
            let message = format!("{} was proposed already under another Reference", ask.quotation);
            return Err(Problem::new("AlreadyProposed", message).into());
        }
        let proposal = self.proposals.accept(&ask.reference, &ask.surname);
        *quotation = Some(ask.reference.clone());
        Ok(answer::json(
            StatusCode::OK,
            &document::proposal(&ask.reference, proposal),
        ))
    }

    fn retrieve(&self, reference: &str) -> Result<Response, Refused> {
        let proposal = self.proposals.find(reference).ok_or_else(|| {
            let message = format!("no proposal {reference}");
            Refused::new(StatusCode::NOT_FOUND, "ProposalNotFound", message)
        })?;
        Ok(answer::json(StatusCode::OK, &document::proposal(reference, proposal)))
    }
}

fn details(asked: &Asked) -> Result<Response, Refused> {
    let code = ask::details(&asked.body)?;
    let number = ask::known(&code).ok_or_else(|| no_such_vehicle(&code))?;
    Ok(answer::json(StatusCode::OK, &document::details(&code, number)))
}

fn defaults(asked: &Asked) -> Result<Response, Refused> {
    let physical = ask::defaults(&asked.body)?;
    if ask::known(&physical.code).is_none() {
        return Err(no_such_vehicle(&physical.code).into());
    }
    Ok(answer::json(StatusCode::OK, &document::products(&physical)))
}

fn no_such_vehicle(code: &str) -> Problem {
    Problem::new("VehicleNotFound", format!("no vehicle has the CAP short code {code}"))
}

impl Book {
    /// The reference of a new quotation.
    fn issue(&mut self) -> String {
        let number = FIRST_QUOTATION + self.issued;
        self.issued += 1;
        self.quotations.insert(number, None);
        if self.quotations.len() > MOST_QUOTATIONS {
            self.quotations.pop_first();
        }
        quotation_reference(number)
    }

    fn find(&mut self, reference: &str) -> Option<&mut Option<String>> {
        let number = reference.strip_prefix("CW-")?.parse().ok()?;
        (quotation_reference(number) == reference)
            .then(|| self.quotations.get_mut(&number))
            .flatten()
    }
}

fn quotation_reference(number: u64) -> String {
    format!("CW-{number}")
}

fn valid_to(at: Timestamp) -> Timestamp {
    // Only a date at the very end of the calendar cannot be added to.
    at.checked_add(VALIDITY).unwrap_or(at)
}
