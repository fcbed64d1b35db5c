//! The BQS behind the hub: what a case goes on to where an upstream is configured.
//!
//! Below `/bqs/v1/bqs-case`, which takes the place of the host and its path: `POST /case` (operation `create`), `PUT
//! /case/{sequence}` (`update`), `POST /case/{sequence}/score-customer` (`score`), `POST /case/{sequence}/business-consent`
//! (`consent`), `POST /document/{sequence}` (`document`).
//!
//! Documented by the spec: paths, methods, `x-api-key`, the requests, that an update changes what it names only, that 400,
//! 401 and 404 are ASP.NET problems, and the messages' form.
//!
//! **Our assumptions**, because the spec has no answers: 201 `{sequence}` to a case, 200 with the case to an update, 202 to a
//! score and to a consent, 201 `{documentId}` to a document; which members are required; how an update merges; what a
//! score comes to (see [`message`]); and above all that a repeated `Idempotency-Key` is answered as it was the first time
//! and changes nothing.
//!
//! `PUT /_control/bqs/state/settings` with `{"honoursKeys"?: true, "messages"?: {"url", "apiKey", "after"?, "times"?}}`
//! replaces both: without `honoursKeys` a repeated change is made again, without `messages` nobody is told. `GET
//! .../state/cases` is what there is, `{sequence: {document, changes: [{operation, key, at}]}}`, `GET .../state/messages`
//! what was told, `DELETE .../state/cases` forgets the cases.

mod ask;
mod book;
mod message;
mod problem;

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use self::book::{Book, Change, Done};
use self::message::{Messenger, News, Receipt};
use self::problem::Refused;
use crate::answer;
use crate::environment::variable;
use crate::server::{Asked, Partner};

const CREATE: &str = "create";
const UPDATE: &str = "update";
const SCORE: &str = "score";
const CONSENT: &str = "consent";
const DOCUMENT: &str = "document";

pub struct Bqs {
    api_key: String,
    book: Mutex<Book>,
    settings: Mutex<Settings>,
    messenger: Messenger,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Settings {
    #[serde(default = "honours_keys")]
    honours_keys: bool,
    messages: Option<Receipt>,
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

    fn operation(&self, asked: &Asked) -> Option<&'static str> {
        target(asked).ok().map(|(operation, _)| operation)
    }

    fn answer(&self, asked: &Asked) -> Response {
        self.serve(asked).unwrap_or_else(|refused| refused.response())
    }

    fn state(&self, method: &Method, what: &str, body: &[u8]) -> Option<Response> {
        match (method.as_str(), what) {
            ("PUT", "settings") => Some(self.set(body)),
            ("GET", "cases") => Some(answer::json(StatusCode::OK, &self.book().cases)),
            ("DELETE", "cases") => {
                self.book().forget();
                Some(answer::json(StatusCode::OK, &json!({ "cases": 0 })))
            }
            ("GET", "messages") => Some(answer::json(StatusCode::OK, &self.messenger.told())),
            _ => None,
        }
    }
}

/// The operation, and the case that the path names.
fn target(asked: &Asked) -> Result<(&'static str, u64), Refused> {
    let segments = asked.segments();
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
    if asked.method != method {
        return Err(StatusCode::METHOD_NOT_ALLOWED.into());
    }
    let number = sequence.parse();
    let number = number.map_err(|_| Refused::invalid("sequence", format!("The value '{sequence}' is not valid.")))?;
    Ok((operation, number))
}

impl Bqs {
    pub fn from_environment() -> Self {
        Self::new(variable("BQS_API_KEY", "test-bqs-upstream-key"))
    }

    pub fn new(api_key: String) -> Self {
        Self {
            api_key,
            book: Mutex::default(),
            settings: Mutex::new(Settings {
                honours_keys: true,
                messages: None,
            }),
            messenger: Messenger::start(),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, body: &[u8]) -> Response {
        match serde_json::from_slice(body) {
            Ok(settings) => {
                *self.settings() = settings;
                answer::json(StatusCode::OK, &json!({ "set": true }))
            }
            Err(error) => answer::error(StatusCode::BAD_REQUEST, "BAD_SETTINGS", error.to_string()),
        }
    }

    fn serve(&self, asked: &Asked) -> Result<Response, Refused> {
        let (operation, sequence) = target(asked)?;
        if asked.header("x-api-key") != Some(self.api_key.as_str()) {
            return Err(StatusCode::UNAUTHORIZED.into());
        }
        let settings = self.settings().clone();
        let key = asked.header("idempotency-key");
        let mut book = self.book();
        let honoured = key.filter(|_| settings.honours_keys);
        let replay = honoured.map(|key| book.replay(key, &asked.body)).transpose()?;
        if let Some(done) = replay.flatten() {
            return Ok(respond(asked, &done, true));
        }
        let change = Change {
            operation,
            key: key.map(Into::into),
            at: asked.at,
        };
        let (done, news) = perform(&mut book, asked, sequence, change)?;
        if let Some(key) = honoured {
            book.keep(key, &asked.body, &done);
        }
        if let Some(receipt) = &settings.messages {
            let document = &book.find(done.case)?.document;
            for news in &news {
                let body = message::body(done.case, document, news, asked.at);
                self.messenger.tell(receipt.clone(), body);
            }
        }
        Ok(respond(asked, &done, false))
    }
}

/// Makes the change, and says what there is to tell about it.
fn perform(book: &mut Book, asked: &Asked, sequence: u64, change: Change) -> Result<(Done, Vec<News>), Refused> {
    let done = |status, case, body| Done { status, case, body };
    let (done, news) = match change.operation {
        CREATE => {
            let document = ask::case(asked)?;
            let scored = ask::flag(&document, "startScoring").then(|| message::scored(ask::organization(&document)));
            let consented = ask::flag(&document, "startConsent").then(message::consented);
            let sequence = book.create(document, change);
            let body = json!({ "sequence": sequence });
            let news = scored.into_iter().chain(consented).collect();
            return Ok((done(StatusCode::CREATED, sequence, Some(body)), news));
        }
        UPDATE => {
            let document = ask::change(asked)?;
            let case = book.find(sequence)?;
            book::merge(&mut case.document, document);
            let shown = serde_json::Value::Object(case.document.clone());
            (done(StatusCode::OK, sequence, Some(shown)), None)
        }
        SCORE => {
            let document = ask::object(asked)?;
            let news = message::scored(ask::text(&document, "organizationNumber")?);
            (done(StatusCode::ACCEPTED, sequence, None), Some(news))
        }
        CONSENT => {
            let document = ask::object(asked)?;
            ask::text(&document, "organizationNumber")?;
            ask::text(&document, "email")?;
            (done(StatusCode::ACCEPTED, sequence, None), Some(message::consented()))
        }
        _ => {
            let size = ask::upload(asked)?;
            let case = book.find(sequence)?;
            let body = json!({ "documentId": format!("{sequence}-{}", case.changes.len()), "size": size });
            (done(StatusCode::CREATED, sequence, Some(body)), None)
        }
    };
    book.find(sequence)?.changes.push(change);
    Ok((done, news.into_iter().collect()))
}

fn respond(asked: &Asked, done: &Done, replayed: bool) -> Response {
    let mut response = match &done.body {
        Some(body) => answer::json(done.status, body),
        None => (done.status, Body::empty()).into_response(),
    };
    if target(asked).is_ok_and(|(operation, _)| operation == CREATE)
        && let Ok(location) = format!("/v1/bqs-case/case/{}", done.case).parse()
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
