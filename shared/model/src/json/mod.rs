//! JSON documents that keep what they were sent: the order of members, the text of numbers, and unknown members.
//!
//! A [`Schema`] names the known members. They are read strictly and written in one form. Absent and null differ, so that
//! [`Document::merge`] can keep the one and clear the other. No amount passes through a float. A fault has the path and the
//! position of the value.

mod canonical;
mod date;
mod document;
pub mod number;
mod path;
mod position;
mod read;
mod schema;
mod strict;
pub mod typed;
mod value;

pub use date::{FIRST_MOMENT, instant, offset_at};
pub use document::Document;
pub use path::JsonPath;
pub use schema::{CODE_PATTERN, ListItem, MAX_NUMBER, Member, Schema, Type};
pub use strict::{Flaw, check};
pub use value::{Object, Value};

/// JSON without the byte order mark that some writers put before it.
pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

#[cfg(test)]
mod tests;
