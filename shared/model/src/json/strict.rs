//! Accepts JSON without duplicate members and deep nesting.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::{Segment, Track};

use super::path::JsonPath;
use crate::error::{Error, Kind, Result};

const MAX_DEPTH: u8 = 32;

/// The place at which a body is refused, and why.
#[derive(Debug)]
pub struct Flaw {
    pub why: &'static str,
    /// The innermost value that the check had entered.
    pub path: JsonPath,
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
}

impl From<Flaw> for Error {
    fn from(flaw: Flaw) -> Self {
        let Flaw { why, line, column, .. } = flaw;
        Self::new(Kind::Malformed, format!("{why}, at line {line} column {column}."))
    }
}

/// One pass over the bytes before any type sees them. `serde` keeps the last of two duplicates in some types and the first
/// in others, and an attacker would choose which.
pub fn check(body: &[u8]) -> Result<(), Flaw> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let checked = Strict(MAX_DEPTH).deserialize(&mut json);
    checked.and_then(|()| json.end()).map_err(|error| {
        let text = error.to_string();
        let known = [DUPLICATE, DEEP].into_iter().find(|known| text.starts_with(known));
        Flaw {
            why: known.unwrap_or("The body is not JSON"),
            path: path(body),
            line: error.line(),
            column: error.column(),
        }
    })
}

/// The value in which the bytes fail. It costs a second pass, which only refused bodies need.
fn path(body: &[u8]) -> JsonPath {
    let mut json = serde_json::Deserializer::from_slice(body);
    let mut track = Track::new();
    // `check` reports the failure itself.
    let _ = Strict(MAX_DEPTH).deserialize(serde_path_to_error::Deserializer::new(&mut json, &mut track));
    let mut path = JsonPath::default();
    for segment in track.path().iter() {
        match segment {
            Segment::Map { key } => {
                path.enter_member(key);
            }
            Segment::Seq { index } => {
                path.enter_item(*index);
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    path
}

const DUPLICATE: &str = "An object has two members of the same name";
const DEEP: &str = "The body is nested more than 32 deep";

/// Accepts a JSON value that has no duplicate members and nests at most this deep.
#[derive(Clone, Copy)]
struct Strict(u8);

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom(DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();
    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(Name(name)) = map.next_key()? {
            if !seen.insert(name) {
                return Err(de::Error::custom(DUPLICATE));
            }
            map.next_value_seed(inner)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while seq.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A member name, borrowed unless it has escapes.
#[derive(serde::Deserialize, PartialEq, Eq, Hash)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
