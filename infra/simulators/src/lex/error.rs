//! Lex's refusals: a status and an errors document.

use axum::http::StatusCode;

use crate::answer::ErrorEntry;

pub struct LexError {
    pub status: StatusCode,
    pub entries: Vec<ErrorEntry>,
}

impl LexError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            entries: vec![ErrorEntry::new(code, message)],
        }
    }
}

/// A well-formed request whose content is not valid.
impl From<Vec<ErrorEntry>> for LexError {
    fn from(entries: Vec<ErrorEntry>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            entries,
        }
    }
}
