//! Refusals in the form of ASP.NET Core's problem details, as the spec shows BQS's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::answer;

/// A refusal, with the errors of each member.
pub struct BqsError {
    status: StatusCode,
    errors: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProblemDetails<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: &'a BTreeMap<String, Vec<String>>,
    trace_id: String,
}

impl From<StatusCode> for BqsError {
    fn from(status: StatusCode) -> Self {
        Self {
            status,
            errors: BTreeMap::new(),
        }
    }
}

impl BqsError {
    /// `path` is a JSON path or the name of a form field.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            errors: BTreeMap::from([(path.into(), vec![message.into()])]),
        }
    }

    pub fn response(&self) -> Response {
        let section = match self.status.as_u16() {
            401 => "15.5.2",
            404 => "15.5.5",
            405 => "15.5.6",
            415 => "15.5.16",
            422 => "15.5.21",
            _ => "15.5.1",
        };
        let title = match self.status {
            StatusCode::BAD_REQUEST => "One or more validation errors occurred.",
            other => other.canonical_reason().unwrap_or_default(),
        };
        let problem = ProblemDetails {
            kind: format!("https://tools.ietf.org/html/rfc9110#section-{section}"),
            title,
            status: self.status.as_u16(),
            errors: &self.errors,
            trace_id: trace_id(),
        };
        answer::json(self.status, &problem)
    }
}

/// A unique W3C trace id.
fn trace_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("00-{number:032x}-{number:016x}-01")
}
