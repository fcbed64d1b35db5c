//! Builds responses: a JSON document, or an errors document.

use std::fmt::Display;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One entry of an errors document.
#[derive(Debug, Serialize)]
pub struct ErrorEntry {
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub message: String,
}

impl ErrorEntry {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            field: None,
            message: message.into(),
        }
    }

    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: "INVALID_FIELD",
            field: Some(field.into()),
            message: message.into(),
        }
    }
}

#[derive(Serialize)]
struct Errors {
    errors: Vec<ErrorEntry>,
}

pub fn json(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(text) => (status, [(header::CONTENT_TYPE, JSON)], Body::from(text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

pub fn errors(status: StatusCode, errors: Vec<ErrorEntry>) -> Response {
    json(status, &Errors { errors })
}

pub fn error(status: StatusCode, code: &'static str, message: impl Into<String>) -> Response {
    errors(status, vec![ErrorEntry::new(code, message)])
}

pub fn not_found(message: impl Into<String>) -> Response {
    error(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}

/// A task of the simulator panicked.
pub fn failed(reason: &impl Display) -> Response {
    error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "SIMULATOR_FAILED",
        reason.to_string(),
    )
}
