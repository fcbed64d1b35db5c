//! The position of a value in a body, as System.Text.Json counts: lines and bytes from 0.

use serde_json::value::RawValue;

use super::value::Token;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub byte: usize,
}

impl Position {
    /// Behind the token that this value begins with: all of a scalar, the bracket of an object or a list.
    pub fn behind(body: &[u8], raw: &RawValue) -> Self {
        let start = raw.get().as_ptr().addr().saturating_sub(body.as_ptr().addr());
        let length = match Token::of(raw) {
            Token::Object | Token::List => 1,
            _ => raw.get().len(),
        };
        let before = body.get(..start.saturating_add(length)).unwrap_or(body);
        let line_start = before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |newline| newline + 1);
        Self {
            line: before.iter().filter(|byte| **byte == b'\n').count(),
            byte: before.len() - line_start,
        }
    }
}
