//! Reads JSON into types, by the rules of every API here.
//!
//! An object is an object: serde would read an array as one, by position. A whole number is whole however it is written. A
//! member that is null is absent where its type takes no null. A request's faults are reported all at once, by path and in the
//! words of the API.
//!
//! The first pass takes no notes, and a good document needs no other. If it fails, further passes note the faults: where one is
//! found, a value of the type takes its place, so that the same pass or the next one finds what is behind it.

mod misread;
mod node;
mod notes;
mod place;
mod source;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::Field;
use misread::WRONG_FORM;
use node::{Node, Pass};
use notes::Notes;
use source::NodeSource;

pub use source::{Given, GivenMembers, TWICE};

/// The most faults that a response has.
const MAX_FAULTS: usize = 100;
/// A pass that fails has noted one of the type's own members, of which no type has so many.
const MAX_PASSES: usize = 200;

/// Why a document is refused.
#[derive(Debug, Default)]
pub struct Faults {
    /// Values that do not fit the type, and members that it needs.
    pub shape: Vec<Field>,
    /// What the check of the value found.
    pub values: Vec<Field>,
}

/// Reads a document that is put together from several places, then checks the value.
pub fn read_members<'de, T: Deserialize<'de>>(
    members: &'de GivenMembers<'de>,
    check: &dyn Fn(&T) -> Vec<Field>,
) -> Result<T, Faults> {
    read(NodeSource::Members(members), MAX_FAULTS, check)
}

/// Reads one value, or returns its first fault.
pub fn read_value<'de, T: Deserialize<'de>>(raw: &'de RawValue) -> Result<T, Field> {
    read(NodeSource::Json(raw), 1, &|_| Vec::new()).map_err(|faults| {
        let first = faults.shape.into_iter().next();
        first.unwrap_or_else(wrong_form)
    })
}

fn read<'de, T: Deserialize<'de>>(
    source: NodeSource<'de>,
    most: usize,
    check: &dyn Fn(&T) -> Vec<Field>,
) -> Result<T, Faults> {
    let quick = Pass { notes: None };
    if let Ok(value) = T::deserialize(Node::root(&quick, source)) {
        let values = check(&value);
        let shape = Vec::new();
        return if values.is_empty() {
            Ok(value)
        } else {
            Err(Faults { shape, values })
        };
    }
    let careful = Pass {
        notes: Some(RefCell::new(Notes::new(most))),
    };
    let read = std::iter::repeat_with(|| careful.pass::<T>(source));
    let value = read.take(MAX_PASSES).find_map(|pass| match pass {
        Ok(value) => Some(Some(value)),
        Err(_) => careful.is_complete().then_some(None),
    });
    let value = value.flatten();
    let notes = careful
        .notes
        .map(RefCell::into_inner)
        .unwrap_or_else(|| Notes::new(most));
    let mut values = value.as_ref().map(check).unwrap_or_default();
    // A stand-in's own faults are not the sender's.
    values.retain(|fault| !notes.concerns(&fault.path));
    values.truncate(MAX_FAULTS.saturating_sub(notes.faults.len()));
    match value {
        Some(value) if notes.faults.is_empty() && values.is_empty() => Ok(value),
        value => {
            let mut shape = notes.faults;
            if shape.is_empty() && value.is_none() {
                shape.push(wrong_form());
            }
            Err(Faults { shape, values })
        }
    }
}

fn wrong_form() -> Field {
    Field {
        path: String::new(),
        message: WRONG_FORM.to_owned(),
    }
}

/// For `#[serde(deserialize_with = "texts")]`: texts by name. One that is null is absent.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let texts = BTreeMap::<String, Option<String>>::deserialize(deserializer)?;
    Ok(texts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text?)))
        .collect())
}
