//! The tool's only error type: a sentence for the terminal.

use std::fmt::{self, Display};

pub type Result<T> = std::result::Result<T, Failure>;

#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// The same failure, prefixed with the action that failed.
    fn during(self, what: impl Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        Self(sentence)
    }
}

impl From<&str> for Failure {
    fn from(sentence: &str) -> Self {
        Self(sentence.to_owned())
    }
}

/// Adds the action that failed to an error.
pub trait Context<T> {
    fn context(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl Display) -> Result<T> {
        self.map_err(|error| Failure(error.to_string()).during(what))
    }
}

impl<T> Context<T> for Option<T> {
    fn context(self, what: impl Display) -> Result<T> {
        self.ok_or_else(|| Failure(what.to_string()))
    }
}
