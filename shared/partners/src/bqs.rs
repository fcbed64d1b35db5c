//! BQS one step upstream: what is sent on to it of a case, and how its answers are read.
//!
//! The spec shows the requests. It shows no answer to them and says nothing of repeated ones; those parts are our assumption
//! and stand in [`created`], [`accepted`] and the header `Idempotency-Key`.

mod multipart;
mod refusal;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request, header};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Answer, Auth, Call, read};
pub use multipart::Upload;

/// The prefix of its settings.
pub const NAME: &str = "BQS";

pub const AUTH: Auth = Auth::ApiKey {
    header: "x-api-key",
    secret: "BQS_API_KEY",
};

/// Members whose values may stand in logs: codes and numbers of ours and theirs, nothing of a customer.
pub const LOGGABLE: &[&str] = &[
    "agreementCode",
    "brandCode",
    "dealer",
    "duration",
    "sequence",
    "startConsent",
    "startScoring",
    "status",
    "title",
    "traceId",
    "typeCode",
];

/// Which change this is, everywhere and for ever: whoever honours the key makes it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub case: u64,
    pub number: u64,
}

impl Change {
    fn key(self) -> String {
        format!("{}.{}", self.case, self.number)
    }
}

/// A new case, as it was accepted.
pub fn create(change: Change, case: &str) -> Result<Call> {
    json(change, Method::POST, "/case", "create", respelt(case)?)
}

/// `upstream` is the sequence that BQS gave the case.
pub fn update(change: Change, upstream: u64, case: &str) -> Result<Call> {
    json(
        change,
        Method::PUT,
        &format!("/case/{upstream}"),
        "update",
        respelt(case)?,
    )
}

pub fn score(change: Change, upstream: u64, body: &str) -> Result<Call> {
    let path = format!("/case/{upstream}/score-customer");
    json(change, Method::POST, &path, "score", body.to_owned())
}

pub fn consent(change: Change, upstream: u64, body: &str) -> Result<Call> {
    let path = format!("/case/{upstream}/business-consent");
    json(change, Method::POST, &path, "consent", body.to_owned())
}

pub fn document(change: Change, upstream: u64, upload: &Upload) -> Result<Call> {
    let (content_type, body) = multipart::form(upload);
    let path = format!("/document/{upstream}");
    call(change, Method::POST, &path, "document", &content_type, body)
}

fn json(change: Change, method: Method, path: &str, operation: &'static str, body: String) -> Result<Call> {
    call(change, method, path, operation, "application/json", body.into())
}

/// Never repeatable: whether a change whose outcome is unknown may be sent again is for the forwarder to say.
fn call(
    change: Change,
    method: Method,
    path: &str,
    operation: &'static str,
    content_type: &str,
    body: Bytes,
) -> Result<Call> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, content_type)
        .header("idempotency-key", change.key())
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, "a change for BQS").because(error))?;
    Ok(Call {
        request,
        operation,
        repeatable: false,
    })
}

type Members = BTreeMap<String, Box<RawValue>>;

/// The misspelt name is the one on the wire. Everything else, numbers included, goes as it was written.
fn respelt(case: &str) -> Result<String> {
    const RIGHT: &str = "administrationFeeIsManual";
    const WIRE: &str = "admininstrationFeeIsManual";
    let internal = |error: serde_json::Error| Error::new(Kind::Internal, "a stored case").because(error);
    if !case.contains(RIGHT) {
        return Ok(case.to_owned());
    }
    let mut members: Members = serde_json::from_str(case).map_err(internal)?;
    let Some(calculation) = members.get_mut("calculation") else {
        return Ok(case.to_owned());
    };
    let Ok(mut inner) = serde_json::from_str::<Members>(calculation.get()) else {
        return Ok(case.to_owned());
    };
    if let Some(flag) = inner.remove(RIGHT) {
        inner.entry(WIRE.to_owned()).or_insert(flag);
    }
    *calculation = serde_json::value::to_raw_value(&inner).map_err(internal)?;
    serde_json::to_string(&members).map_err(internal)
}

/// What BQS said to a change it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub status: u16,
    /// Its first characters, where it is text.
    pub body: String,
}

/// No longer answer is kept.
const LONGEST: usize = 8 * 1024;

/// The answer to anything but a new case. Its body decides nothing.
pub fn accepted(answer: &Answer) -> Result<Said> {
    let body = answer.accepted().map_err(|error| refusal::explain(error, answer))?;
    let text = std::str::from_utf8(body).unwrap_or_default();
    Ok(Said {
        status: answer.status.as_u16(),
        body: text.chars().take(LONGEST).collect(),
    })
}

/// The answer to a new case, and the sequence it has been given.
pub fn created(answer: &Answer) -> Result<(u64, Said)> {
    let said = accepted(answer)?;
    let Created { sequence } = read(&answer.body)?;
    if sequence == 0 {
        let what = "BQS answered without a usable sequence";
        return Err(Error::new(Kind::PartnerBadResponse, what));
    }
    Ok((sequence, said))
}

#[derive(Deserialize)]
struct Created {
    sequence: u64,
}

#[cfg(test)]
mod tests;
