//! The BQS behind the hub, to which the hub forwards cases where an upstream is configured.
//!
//! Below `/bqs/v1/bqs-case`, which takes the place of the host and its path: `POST /case` (operation `create`),
//! `PUT /case/{sequence}` (`update`), `POST /case/{sequence}/score-customer` (`score`),
//! `POST /case/{sequence}/business-consent` (`consent`), `POST /document/{sequence}` (`document`).
//!
//! **The spec documents** paths, methods, `x-api-key`, the requests, that an update changes only the members that it
//! names, that 400, 401 and 404 are ASP.NET problems, and the form of the messages.
//!
//! **Our assumptions**, because the spec shows no responses:
//!
//! - 201 `{sequence}` to a new case, 200 with the case to an update, 202 to a score and to a consent, 201
//!   `{documentId}` to a document;
//! - which members are required, and how an update merges;
//! - the result of a score (see [`message`]);
//! - above all, that a repeated `Idempotency-Key` gets the first response and changes nothing.
//!
//! Control paths:
//!
//! - `PUT /_control/bqs/state/settings` with `{"honoursKeys"?: true, "messages"?: {"url", "apiKey", "after"?,
//!   "times"?}}` replaces all settings. If `honoursKeys` is false BQS makes a repeated change again. Without `messages`
//!   it sends none.
//! - `GET .../state/cases` returns the cases: `{sequence: {document, changes: [{operation, key, at}]}}`.
//! - `GET .../state/messages` returns the messages that BQS has sent.
//! - `DELETE .../state/cases` forgets the cases.

mod error;
mod message;
mod requests;
mod store;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use self::error::BqsError;
use self::message::{CaseEvent, MessageSender, MessageTarget};
use self::store::{CaseChange, CaseStore, ChangeResponse};
use crate::answer;
use crate::environment::variable;
use crate::partner::{IncomingRequest, Partner};

const CREATE: &str = "create";
const UPDATE: &str = "update";
const SCORE: &str = "score";
const CONSENT: &str = "consent";
const DOCUMENT: &str = "document";

pub struct Bqs {
    api_key: String,
    cases: Mutex<CaseStore>,
    settings: Mutex<Settings>,
    messages: MessageSender,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Settings {
    #[serde(default = "honours_keys")]
    honours_keys: bool,
    messages: Option<MessageTarget>,
}

fn honours_keys() -> bool {
    true
}

impl Partner for Bqs {
    fn name(&self) -> &'static str {
        "bqs"
    }

    fn operations(&self) -> &'static [&'static str] {
        &[CREATE, UPDATE, SCORE, CONSENT, DOCUMENT]
    }

    fn operation(&self, request: &IncomingRequest) -> Option<&'static str> {
        target(request).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, request: &IncomingRequest) -> Response {
        self.serve(request).unwrap_or_else(|refusal| refusal.response())
    }

    fn control_state(&self, method: &Method, resource: &str, body: &[u8]) -> Option<Response> {
        match (method.as_str(), resource) {
            ("PUT", "settings") => Some(self.replace_settings(body)),
            ("GET", "cases") => Some(answer::json(StatusCode::OK, &self.cases().cases)),
            ("DELETE", "cases") => {
                self.cases().clear();
                Some(answer::json(StatusCode::OK, &json!({ "cases": 0 })))
            }
            ("GET", "messages") => Some(answer::json(StatusCode::OK, &self.messages.sent())),
            _ => None,
        }
    }
}

/// Returns the operation, and the case's number in the path.
fn target(request: &IncomingRequest) -> Result<(&'static str, u64), BqsError> {
    let segments = request.segments();
    let (operation, method, sequence) = match segments.get(3..).unwrap_or_default() {
        ["case"] => (CREATE, Method::POST, "0"),
        ["case", sequence] => (UPDATE, Method::PUT, *sequence),
        ["case", sequence, "score-customer"] => (SCORE, Method::POST, *sequence),
        ["case", sequence, "business-consent"] => (CONSENT, Method::POST, *sequence),
        ["document", sequence] => (DOCUMENT, Method::POST, *sequence),
        _ => return Err(StatusCode::NOT_FOUND.into()),
    };
    if segments.get(1..3) != Some(&["v1", "bqs-case"]) {
        return Err(StatusCode::NOT_FOUND.into());
    }
    if request.method != method {
        return Err(StatusCode::METHOD_NOT_ALLOWED.into());
    }
    let number = sequence.parse();
    let number = number.map_err(|_| BqsError::invalid("sequence", format!("The value '{sequence}' is not valid.")))?;
    Ok((operation, number))
}

impl Bqs {
    pub fn from_environment() -> Self {
        Self::new(variable("BQS_API_KEY", "test-bqs-upstream-key"))
    }

    pub fn new(api_key: String) -> Self {
        Self {
            api_key,
            cases: Mutex::default(),
            settings: Mutex::new(Settings {
                honours_keys: true,
                messages: None,
            }),
            messages: MessageSender::start(),
        }
    }

    fn cases(&self) -> MutexGuard<'_, CaseStore> {
        self.cases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace_settings(&self, body: &[u8]) -> Response {
        match serde_json::from_slice(body) {
            Ok(settings) => {
                *self.settings() = settings;
                answer::json(StatusCode::OK, &json!({ "set": true }))
            }
            Err(error) => answer::error(StatusCode::BAD_REQUEST, "BAD_SETTINGS", error.to_string()),
        }
    }

    fn serve(&self, request: &IncomingRequest) -> Result<Response, BqsError> {
        let (operation, sequence) = target(request)?;
        if request.header("x-api-key") != Some(self.api_key.as_str()) {
            return Err(StatusCode::UNAUTHORIZED.into());
        }
        let settings = self.settings().clone();
        let key = request.header("idempotency-key");
        let mut cases = self.cases();
        let honoured = key.filter(|_| settings.honours_keys);
        let replay = honoured.map(|key| cases.replay(key, &request.body)).transpose()?;
        if let Some(stored) = replay.flatten() {
            return Ok(respond(request, &stored, true));
        }
        let change = CaseChange {
            operation,
            key: key.map(Into::into),
            at: request.at,
        };
        let (response, events) = perform(&mut cases, request, sequence, change)?;
        if let Some(key) = honoured {
            cases.store_response(key, &request.body, &response);
        }
        if let Some(target) = &settings.messages {
            let document = &cases.find(response.case)?.document;
            for event in &events {
                let body = message::body(response.case, document, event, request.at);
                self.messages.send(target.clone(), body);
            }
        }
        Ok(respond(request, &response, false))
    }
}

/// Makes the change. Returns the response and the events that the hub receives messages about.
fn perform(
    cases: &mut CaseStore,
    request: &IncomingRequest,
    sequence: u64,
    change: CaseChange,
) -> Result<(ChangeResponse, Vec<CaseEvent>), BqsError> {
    let response = |status, case, body| ChangeResponse { status, case, body };
    let (response, event) = match change.operation {
        CREATE => {
            let document = requests::case(request)?;
            let organization = requests::organization(&document);
            let scored = requests::flag(&document, "startScoring").then(|| message::scored(organization));
            let consented = requests::flag(&document, "startConsent").then(message::consented);
            let sequence = cases.create(document, change);
            let body = json!({ "sequence": sequence });
            let events = scored.into_iter().chain(consented).collect();
            return Ok((response(StatusCode::CREATED, sequence, Some(body)), events));
        }
        UPDATE => {
            let document = requests::change(request)?;
            let case = cases.find(sequence)?;
            store::merge(&mut case.document, document);
            let body = serde_json::Value::Object(case.document.clone());
            (response(StatusCode::OK, sequence, Some(body)), None)
        }
        SCORE => {
            let document = requests::object(request)?;
            let scored = message::scored(requests::text(&document, "organizationNumber")?);
            (response(StatusCode::ACCEPTED, sequence, None), Some(scored))
        }
        CONSENT => {
            let document = requests::object(request)?;
            requests::text(&document, "organizationNumber")?;
            requests::text(&document, "email")?;
            let consented = message::consented();
            (response(StatusCode::ACCEPTED, sequence, None), Some(consented))
        }
        _ => {
            let size = requests::upload(request)?;
            let case = cases.find(sequence)?;
            let body = json!({ "documentId": format!("{sequence}-{}", case.changes.len()), "size": size });
            (response(StatusCode::CREATED, sequence, Some(body)), None)
        }
    };
    cases.find(sequence)?.changes.push(change);
    Ok((response, event.into_iter().collect()))
}

fn respond(request: &IncomingRequest, change: &ChangeResponse, replayed: bool) -> Response {
    let mut response = match &change.body {
        Some(body) => answer::json(change.status, body),
        None => (change.status, Body::empty()).into_response(),
    };
    if target(request).is_ok_and(|(operation, _)| operation == CREATE)
        && let Ok(location) = format!("/v1/bqs-case/case/{}", change.case).parse()
    {
        response.headers_mut().insert(header::LOCATION, location);
    }
    if replayed {
        let name = HeaderName::from_static("idempotent-replayed");
        response
            .headers_mut()
            .insert(name, header::HeaderValue::from_static("true"));
    }
    response
}
