//! ALPHABET as Codeweavers serves it, as far as public sources and our own assumptions describe it.
//!
//! Below `/alphabet`, which takes the place of the host: `POST /api/vehicle/details` (operation `details`),
//! `POST /api/finance/defaults` (`defaults`), `POST /api/finance/calculatefordisplay` (`quote`), `POST /api/proposals`
//! (`proposal`), `GET /api/proposals/{the hub's reference}` (`retrieve`).
//!
//! **Public sources document** the API key's header, the paths and the requests of defaults and calculatefordisplay,
//! the members of their responses, and the error object that may stand in a 200 at the root, per vehicle and per
//! quotation.
//!
//! **Our assumptions**, because no public source covers them:
//!
//! - the paths and everything else of details and of the proposals;
//! - that `Parameters.ProductKey` chooses the product, and the keys PCH, BCH and FL;
//! - that CAP codes from 1 to 899,999 are vehicles;
//! - every error code;
//! - that unknown members are refused;
//! - the numbering, and 28 days of validity;
//! - the limits and the arithmetic (see [`price`]);
//! - the decisions (see [`crate::proposals`]).
//!
//! **Behaviour that integrators have met in production**, so that the hub meets it too:
//!
//! - Always: the response to calculatefordisplay lists the vehicles in reverse order behind one that was not asked for.
//!   A failed quotation stands before the priced one. `TotalNumberOfRegularPayments` is one too many. `FinalPayment` is
//!   the last instalment, while the balloon is `Residual`.
//! - Without `Registration.DateRegisteredWithDvla`: no products or no quotations, and no error.
//! - A term that is not offered (24, 36, 48) is shortened to one that is: a caller that asks for 60 gets 48.
//! - A vehicle, product, deposit or mileage that is not available: 200 with `HasError`.
//!
//! The checks run in this order: path, key, content type, body, quote.

mod error;
mod price;
mod proposal;
mod quotation;
mod requests;
mod responses;
mod store;
mod vehicle;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use axum::response::Response;

use self::error::{ErrorObject, FailedEntry};
use self::quotation::CalculateResponse;
use self::store::QuotationStore;
use crate::answer::{self, ErrorEntry};
use crate::environment::variable;
use crate::money::Pence;
use crate::partner::{IncomingRequest, Partner};
use crate::proposals::Proposals;
use crate::signature;

const DETAILS: &str = "details";
const DEFAULTS: &str = "defaults";
const QUOTE: &str = "quote";
const PROPOSAL: &str = "proposal";
const RETRIEVE: &str = "retrieve";

/// The price of the vehicle that was not asked for, above the price of the vehicle that it copies.
const DECOY_SURCHARGE: Pence = Pence::pounds(1_000);
const DECOY_ID: &str = "not-asked-for";

pub struct AlphabetCredentials {
    pub api_key: String,
    /// Signs the webhooks. That Codeweavers sends any is our assumption.
    pub webhook_secret: String,
}

impl AlphabetCredentials {
    /// Reads ALPHABET_API_KEY and ALPHABET_WEBHOOK_SECRET. The defaults are obvious fakes.
    fn from_environment() -> Self {
        Self {
            api_key: variable("ALPHABET_API_KEY", "test-alphabet-key"),
            webhook_secret: variable("ALPHABET_WEBHOOK_SECRET", signature::FAKE_SECRET),
        }
    }
}

pub struct Alphabet {
    credentials: AlphabetCredentials,
    quotations: Mutex<QuotationStore>,
    proposals: Proposals,
}

impl Partner for Alphabet {
    fn name(&self) -> &'static str {
        "alphabet"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[DETAILS, DEFAULTS, QUOTE, PROPOSAL, RETRIEVE]
    }

    fn operation(&self, request: &IncomingRequest) -> Option<&'static str> {
        target(request).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, request: &IncomingRequest) -> Response {
        self.serve(request)
            .unwrap_or_else(|refusal| answer::json(refusal.status, &FailedEntry::new(refusal.error)))
    }

    fn proposals(&self) -> Option<&Proposals> {
        Some(&self.proposals)
    }

    fn webhook_secret(&self) -> Option<&str> {
        Some(&self.credentials.webhook_secret)
    }
}

struct AlphabetError {
    status: StatusCode,
    error: ErrorObject,
}

impl AlphabetError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error: ErrorObject::new(code, message),
        }
    }
}

/// Codeweavers answers 200 to a valid request that it cannot fulfil.
impl From<ErrorObject> for AlphabetError {
    fn from(error: ErrorObject) -> Self {
        Self {
            status: StatusCode::OK,
            error,
        }
    }
}

impl From<Vec<ErrorEntry>> for AlphabetError {
    fn from(entries: Vec<ErrorEntry>) -> Self {
        let messages = entries.into_iter().map(|entry| match entry.field {
            Some(field) => format!("{field} {}", entry.message),
            None => entry.message,
        });
        let message = messages.collect::<Vec<_>>().join("; ");
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }
}

/// Returns the operation, and the reference in the path.
fn target(request: &IncomingRequest) -> Result<(&'static str, &str), AlphabetError> {
    let segments = request.segments();
    let path = segments.get(1..).unwrap_or_default();
    match (request.method.as_str(), path) {
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
            Err(AlphabetError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "MethodNotAllowed",
                message,
            ))
        }
        _ => {
            let message = format!("no such path: {}", request.uri.path());
            Err(AlphabetError::new(StatusCode::NOT_FOUND, "NotFound", message))
        }
    }
}

impl Alphabet {
    pub fn from_environment() -> Self {
        Self::new(AlphabetCredentials::from_environment())
    }

    pub fn new(credentials: AlphabetCredentials) -> Self {
        Self {
            credentials,
            quotations: Mutex::default(),
            proposals: Proposals::default(),
        }
    }

    fn quotations(&self) -> MutexGuard<'_, QuotationStore> {
        self.quotations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, request: &IncomingRequest) -> Result<Response, AlphabetError> {
        let (operation, reference) = target(request)?;
        if request.header("x-cw-apikey") != Some(self.credentials.api_key.as_str()) {
            let message = "the X-CW-ApiKey header is missing or its key is not known here";
            return Err(AlphabetError::new(StatusCode::UNAUTHORIZED, "Unauthorised", message));
        }
        let is_json = |kind: &str| kind.to_ascii_lowercase().starts_with("application/json");
        if operation != RETRIEVE && !request.header("content-type").is_some_and(is_json) {
            let message = "the Content-Type must be application/json";
            return Err(AlphabetError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                message,
            ));
        }
        match operation {
            DETAILS => details(&request.body),
            DEFAULTS => defaults(&request.body),
            QUOTE => self.calculate(request),
            PROPOSAL => self.propose(&request.body),
            _ => self.retrieve(reference),
        }
    }

    fn calculate(&self, request: &IncomingRequest) -> Result<Response, AlphabetError> {
        let wanted = requests::calculate(&request.body)?;
        let Some(first) = wanted.first() else {
            return Err(ErrorObject::new("NoVehicles", "VehicleRequests is empty").into());
        };
        let mut quotations = self.quotations();
        let mut decoy = first.clone();
        decoy.id = DECOY_ID.to_owned();
        decoy.physical.price = decoy.physical.price + DECOY_SURCHARGE;
        // The decoy's quotation is not stored, so that no proposal can use it.
        let decoy = quotation::quote_vehicle(&decoy, request.at, store::unused_reference);
        let mut vehicles = vec![decoy];
        for vehicle in wanted.iter().rev() {
            vehicles.push(quotation::quote_vehicle(vehicle, request.at, || quotations.issue()));
        }
        Ok(answer::json(StatusCode::OK, &CalculateResponse { vehicles }))
    }

    fn propose(&self, body: &[u8]) -> Result<Response, AlphabetError> {
        let request = proposal::read(body)?;
        let mut quotations = self.quotations();
        let proposed_under = quotations.find(&request.quotation).ok_or_else(|| {
            let message = format!("no quotation {}", request.quotation);
            ErrorObject::new("QuoteNotFound", message)
        })?;
        if proposed_under.as_ref().is_some_and(|by| *by != request.reference) {
            let message = format!("{} was proposed already under another Reference", request.quotation);
            return Err(ErrorObject::new("AlreadyProposed", message).into());
        }
        let proposal = self.proposals.accept(&request.reference, &request.surname);
        *proposed_under = Some(request.reference.clone());
        Ok(answer::json(
            StatusCode::OK,
            &responses::proposal(&request.reference, proposal),
        ))
    }

    fn retrieve(&self, reference: &str) -> Result<Response, AlphabetError> {
        let proposal = self.proposals.find(reference).ok_or_else(|| {
            let message = format!("no proposal {reference}");
            AlphabetError::new(StatusCode::NOT_FOUND, "ProposalNotFound", message)
        })?;
        Ok(answer::json(StatusCode::OK, &responses::proposal(reference, proposal)))
    }
}

fn details(body: &[u8]) -> Result<Response, AlphabetError> {
    let code = requests::details(body)?;
    let number = vehicle::number(&code)?;
    Ok(answer::json(StatusCode::OK, &responses::details(&code, number)))
}

fn defaults(body: &[u8]) -> Result<Response, AlphabetError> {
    let physical = requests::defaults(body)?;
    vehicle::number(&physical.code)?;
    Ok(answer::json(StatusCode::OK, &responses::products(&physical)))
}
