//! What MMOB answers when it does not do what it is asked: FastAPI's documents, and a 404 of its own without a body.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::answer;

/// One thing that is wrong with a request.
#[derive(Debug, Serialize)]
pub struct Fault {
    loc: Vec<String>,
    msg: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl Fault {
    pub fn new(place: &[&str], kind: &'static str, msg: impl Into<String>) -> Self {
        Self {
            loc: place.iter().map(|&part| part.to_owned()).collect(),
            msg: msg.into(),
            kind,
        }
    }
}

pub enum Refused {
    /// There is no such thing.
    Absent,
    Faults(Vec<Fault>),
    Said(StatusCode, &'static str),
}

impl From<Vec<Fault>> for Refused {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Faults(faults)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Absent => StatusCode::NOT_FOUND.into_response(),
            Self::Faults(faults) => answer::json(StatusCode::UNPROCESSABLE_ENTITY, &json!({ "detail": faults })),
            Self::Said(status, what) => answer::json(status, &json!({ "detail": what })),
        }
    }
}
