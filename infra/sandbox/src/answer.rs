//! How answers are made: a JSON document, or the list of what is wrong.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// One entry of an errors document.
#[derive(Debug, Serialize)]
pub struct Fault {
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub message: String,
}

impl Fault {
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
    errors: Vec<Fault>,
}

pub fn json(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(text) => (status, [(header::CONTENT_TYPE, JSON)], Body::from(text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

pub fn errors(status: StatusCode, errors: Vec<Fault>) -> Response {
    json(status, &Errors { errors })
}

pub fn error(status: StatusCode, code: &'static str, message: impl Into<String>) -> Response {
    errors(status, vec![Fault::new(code, message)])
}
