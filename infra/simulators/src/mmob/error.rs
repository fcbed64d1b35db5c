//! MMOB's refusals: FastAPI's error documents, and a 404 without a body.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::answer;

/// One error in a request.
#[derive(Debug, Serialize)]
pub struct ValidationError {
    loc: Vec<String>,
    msg: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl ValidationError {
    pub fn new(place: &[&str], kind: &'static str, msg: impl Into<String>) -> Self {
        Self {
            loc: place.iter().map(|&part| part.to_owned()).collect(),
            msg: msg.into(),
            kind,
        }
    }
}

pub enum MmobError {
    /// The resource does not exist: a 404 without a body.
    Absent,
    Invalid(Vec<ValidationError>),
    Detail(StatusCode, &'static str),
}

impl From<Vec<ValidationError>> for MmobError {
    fn from(errors: Vec<ValidationError>) -> Self {
        Self::Invalid(errors)
    }
}

impl IntoResponse for MmobError {
    fn into_response(self) -> Response {
        match self {
            Self::Absent => StatusCode::NOT_FOUND.into_response(),
            Self::Invalid(errors) => answer::json(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "detail": errors })),
            Self::Detail(status, detail) => answer::json(status, &json!({ "detail": detail })),
        }
    }
}
