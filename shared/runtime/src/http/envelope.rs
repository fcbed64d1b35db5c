//! The envelope in which spec 1 sends its successes.

use serde::Serialize;
use utoipa::ToSchema;

/// A success.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Success<T> {
    /// Always true.
    pub success: bool,
    pub data: T,
    /// The result in words, for people.
    pub message: String,
}

impl<T> Success<T> {
    pub fn new(data: T, message: impl Into<String>) -> Self {
        Self {
            success: true,
            data,
            message: message.into(),
        }
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listed<T> {
    /// Always true.
    pub success: bool,
    pub data: Vec<T>,
    /// A description of the list, for people.
    pub message: String,
    /// The `cursor` of the next page. Null at the end; earlier pages may be short, or empty.
    pub next_cursor: Option<String>,
}

impl<T> Listed<T> {
    pub fn new(data: Vec<T>, message: impl Into<String>, next_cursor: Option<String>) -> Self {
        Self {
            success: true,
            data,
            message: message.into(),
            next_cursor,
        }
    }
}
