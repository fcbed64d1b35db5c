//! BQS one step upstream: the changes of a case that the hub forwards, and how BQS's answers are read.
//!
//! The spec shows the requests. It shows no answers and does not mention repeated requests. Those parts are our assumption
//! and stand in `created`, `accepted` and the header `Idempotency-Key` only.

mod loggable;
mod multipart;
mod refusal;
mod spelling;

use bytes::Bytes;
use call::{Answer, Auth, Call, Loggable, read, whole};
use http::Method;
use model::{Error, Kind, Result};
use serde::Deserialize;

use crate::case_system::{CaseSystem, Change, Upload, UpstreamAnswer};

/// The hub keeps this many characters of an answer.
const ANSWER_LIMIT: usize = 8 * 1024;

pub struct Bqs;

impl CaseSystem for Bqs {
    fn name(&self) -> &'static str {
        "BQS"
    }

    fn auth(&self) -> Auth {
        Auth::ApiKey {
            header: "x-api-key",
            secret: "BQS_API_KEY",
        }
    }

    fn loggable(&self) -> &'static Loggable {
        &loggable::LOGGABLE
    }

    fn create(&self, change: Change, case: &str) -> Result<Call> {
        json(change, Method::POST, "/case", "create", spelling::on_the_wire(case)?)
    }

    fn update(&self, change: Change, upstream: u64, case: &str) -> Result<Call> {
        let path = format!("/case/{upstream}");
        json(change, Method::PUT, &path, "update", spelling::on_the_wire(case)?)
    }

    fn score(&self, change: Change, upstream: u64, body: &str) -> Result<Call> {
        let path = format!("/case/{upstream}/score-customer");
        json(change, Method::POST, &path, "score", body.to_owned())
    }

    fn consent(&self, change: Change, upstream: u64, body: &str) -> Result<Call> {
        let path = format!("/case/{upstream}/business-consent");
        json(change, Method::POST, &path, "consent", body.to_owned())
    }

    fn document(&self, change: Change, upstream: u64, upload: &Upload) -> Result<Call> {
        let (content_type, body) = multipart::form(upload);
        let path = format!("/document/{upstream}");
        call(change, Method::POST, &path, "document", &content_type, body)
    }

    fn created(&self, answer: &Answer) -> Result<(u64, UpstreamAnswer)> {
        let accepted = self.accepted(answer)?;
        let Created { sequence } = read(&answer.body)?;
        if sequence == 0 {
            let what = "BQS answered without a usable sequence";
            return Err(Error::new(Kind::PartnerBadResponse, what));
        }
        Ok((sequence, accepted))
    }

    fn accepted(&self, answer: &Answer) -> Result<UpstreamAnswer> {
        let body = answer.accepted().map_err(|error| refusal::explain(error, answer))?;
        let text = std::str::from_utf8(body).unwrap_or_default();
        Ok(UpstreamAnswer {
            status: answer.status.as_u16(),
            body: text.chars().take(ANSWER_LIMIT).collect(),
        })
    }
}

fn json(change: Change, method: Method, path: &str, operation: &'static str, body: String) -> Result<Call> {
    call(change, method, path, operation, "application/json", body.into())
}

fn call(
    change: Change,
    method: Method,
    path: &str,
    operation: &'static str,
    content_type: &str,
    body: Bytes,
) -> Result<Call> {
    Call::new(method, path, operation, body, false)?
        .header("content-type", content_type)?
        .header("idempotency-key", &format!("{}.{}", change.case, change.number))
}

#[derive(Deserialize)]
struct Created {
    #[serde(deserialize_with = "whole")]
    sequence: u64,
}

#[cfg(test)]
mod tests;
