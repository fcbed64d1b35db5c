//! The position of a value in a body, as System.Text.Json counts: lines and bytes from 0.

use serde_json::value::RawValue;

use super::value::Token;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub byte: usize,
}

/// Where the newlines of a body are, so that no fault searches the body for them.
pub struct Lines(Vec<usize>);

impl Lines {
    pub fn of(body: &[u8]) -> Self {
        let newlines = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        Self(newlines.map(|(at, _)| at).collect())
    }

    /// Behind the token that this value of the body begins with: all of a scalar, the bracket of an object or a list.
    pub fn behind(&self, body: &[u8], raw: &RawValue) -> Position {
        let start = raw.get().as_ptr().addr().saturating_sub(body.as_ptr().addr());
        let length = match Token::of(raw) {
            Token::Object | Token::List => 1,
            _ => raw.get().len(),
        };
        let behind = start.saturating_add(length).min(body.len());
        let line = self.0.partition_point(|newline| *newline < behind);
        let newline = line.checked_sub(1).and_then(|last| self.0.get(last));
        Position {
            line,
            byte: behind - newline.map_or(0, |newline| newline + 1),
        }
    }
}
