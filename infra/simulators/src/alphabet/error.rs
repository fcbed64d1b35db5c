//! Codeweavers' error object, and the entry that carries it.

use serde::Serialize;

/// The error object, which may stand at the root, in a vehicle or in a quotation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorObject {
    user_message: &'static str,
    technical_message: String,
    code: &'static str,
}

impl ErrorObject {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            user_message: "We could not do that.",
            technical_message: message.into(),
            code,
        }
    }
}

/// Stands in place of a document or a quotation that failed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct FailedEntry {
    has_error: bool,
    error: ErrorObject,
}

impl FailedEntry {
    pub fn new(error: ErrorObject) -> Self {
        Self { has_error: true, error }
    }
}
