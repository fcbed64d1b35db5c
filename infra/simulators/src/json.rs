//! Reads JSON strictly: a repeated member is an error, and every value keeps its text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object whose values are still text, so that a reader can distinguish `12` from `12.0` and from `"12"`.
#[derive(Debug, Default)]
pub struct Object<'a> {
    members: Vec<(String, &'a RawValue)>,
}

impl<'a> Object<'a> {
    pub fn read(text: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text)
    }

    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, value)| *value)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = Object::default();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if object.get(&name).is_some() {
                return Err(A::Error::custom(format!("member {name} appears twice")));
            }
            object.members.push((name, value));
        }
        Ok(object)
    }
}

/// Reads a JSON integer. The error explains why the value is not one.
pub fn integer(value: &RawValue) -> Result<i64, &'static str> {
    let text = value.get();
    if text.starts_with('"') {
        return Err("must be a JSON integer, not a string");
    }
    text.parse().map_err(|_| "must be a JSON integer")
}

pub fn string(value: &RawValue) -> Result<String, &'static str> {
    serde_json::from_str(value.get()).map_err(|_| "must be a string")
}

pub fn is_number(value: &RawValue) -> bool {
    value
        .get()
        .starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

pub fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}
