//! A document that was read by its schema.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use super::read;
use super::schema::Schema;
use super::value::{Object, Value};
use crate::error::{Error, Kind, Result};

/// A document in its canonical form.
#[derive(Clone, Default, PartialEq)]
pub struct Document(Object);

impl Document {
    /// Reads a request's body. The error names every fault by its JSON path.
    pub fn read(body: &[u8], schema: &Schema) -> Result<Self> {
        read::document(body, schema).map(Self)
    }

    /// Reads text that [`Self::render`] wrote.
    pub fn stored(text: &str) -> Result<Self> {
        match Value::parse(text) {
            Ok(Value::Object(object)) => Ok(Self(object)),
            _ => Err(Error::new(Kind::Internal, "a stored document cannot be read")),
        }
    }

    pub fn render(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| Error::new(Kind::Internal, "a document").because(error))
    }

    /// The value at this path of member names.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        let (last, objects) = path.split_last()?;
        let mut object = &self.0;
        for name in objects {
            object = object.get(name)?.object()?;
        }
        object.get(last)
    }

    /// An object in it, as a document of its own.
    pub fn inner(&self, member: &str) -> Option<Self> {
        self.0.get(member)?.object().cloned().map(Self)
    }

    pub fn text(&self, path: &[&str]) -> Option<&str> {
        self.get(path)?.text()
    }

    pub fn integer(&self, path: &[&str]) -> Option<i64> {
        self.get(path)?.number()?.parse().ok()
    }

    pub fn decimal(&self, path: &[&str]) -> Option<Decimal> {
        self.get(path)?.decimal()
    }

    pub fn bool(&self, path: &[&str]) -> Option<bool> {
        match self.get(path)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The members, in the order in which they came.
    pub fn members(&self) -> &Object {
        &self.0
    }

    pub fn members_mut(&mut self) -> &mut Object {
        &mut self.0
    }

    /// Whether both have the same values, in any order of their members and however their numbers are written.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.canonical() == other.0.canonical()
    }

    /// Applies another document's changes: absent members stay, null clears, objects are merged and lists replaced.
    pub fn merge(&mut self, changes: &Self) {
        self.0.merge(&changes.0);
    }
}

/// The content is the sender's, and stays out of logs.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document")
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
