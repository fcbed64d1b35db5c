//! JSON values that keep the order of members and the text of numbers.

use std::collections::HashMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::number;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    Object(Object),
}

/// Members in the order in which they came. No two names differ in casing only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(String, Value)>);

impl Value {
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<&str> {
        match self {
            Self::Number(text) => Some(text),
            _ => None,
        }
    }

    /// A number's exact value. None if it has more than 28 digits.
    pub fn decimal(&self) -> Option<Decimal> {
        number::decimal(self.number()?)
    }

    pub fn list(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Reads JSON as it stands.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str::<&RawValue>(text).and_then(Self::of)
    }

    fn of(raw: &RawValue) -> serde_json::Result<Self> {
        let text = raw.get();
        Ok(match Token::of(raw) {
            Token::Null => Self::Null,
            Token::Bool(value) => Self::Bool(value),
            Token::Number => Self::Number(text.to_owned()),
            Token::Text => Self::Text(serde_json::from_str(text)?),
            Token::List => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(items.into_iter().map(Self::of).collect::<serde_json::Result<_>>()?)
            }
            Token::Object => {
                let Members(members) = serde_json::from_str(text)?;
                let members = members
                    .into_iter()
                    .map(|(name, raw)| Ok((name, Self::of(raw)?)))
                    .collect::<serde_json::Result<_>>()?;
                Self::Object(Object(members))
            }
        })
    }
}

impl Object {
    /// A member by its name in any casing.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name)
            .and_then(|at| self.0.get(at))
            .map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.position(name)
            .and_then(|at| self.0.get_mut(at))
            .map(|(_, value)| value)
    }

    /// Puts a member in its place, or at the end.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.get_mut(name) {
            Some(old) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub fn remove(&mut self, name: &str) -> Option<Value> {
        self.position(name).map(|at| self.0.remove(at).1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(name, value)| (name.as_str(), value))
    }

    fn position(&self, name: &str) -> Option<usize> {
        let folded = fold(name);
        self.0.iter().position(|(other, _)| fold(other) == folded)
    }

    /// Adds a member. The caller has checked that no other member has this name in any casing.
    pub(super) fn push(&mut self, name: String, value: Value) {
        self.0.push((name, value));
    }

    /// Merges as RFC 7396 does, but matches names in any casing. A member keeps the name that it had first.
    pub(super) fn merge(&mut self, changes: &Self) {
        let mut members: Vec<Option<(String, Value)>> = std::mem::take(&mut self.0).into_iter().map(Some).collect();
        let names = members.iter().flatten().enumerate();
        // A map, because comparing all of a hostile caller's members with each other would take too long.
        let places: HashMap<String, usize> = names.map(|(at, (name, _))| (fold(name), at)).collect();
        for (name, value) in changes.iter() {
            let old = places.get(&fold(name)).and_then(|at| members.get_mut(*at));
            let new = match value {
                Value::Null => None,
                Value::Object(new) => {
                    let mut object = match &old {
                        Some(Some((_, Value::Object(old)))) => old.clone(),
                        _ => Self::default(),
                    };
                    object.merge(new);
                    Some(Value::Object(object))
                }
                value => Some(value.clone()),
            };
            match (old, new) {
                (None, new) => members.extend(new.map(|new| Some((name.to_owned(), new)))),
                (Some(old), None) => *old = None,
                (Some(old), Some(new)) => {
                    let name = old.take().map_or_else(|| name.to_owned(), |(name, _)| name);
                    *old = Some((name, new));
                }
            }
        }
        self.0 = members.into_iter().flatten().collect();
    }
}

/// Two names with the same folded form are one member. The folding goes beyond ASCII: no upstream reader, whatever its
/// rules, may find a known member in what passed here as an unknown one.
pub(super) fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.to_uppercase().to_lowercase()
}

/// The type of a raw value, by its first byte.
pub(super) enum Token {
    Null,
    Bool(bool),
    Number,
    Text,
    List,
    Object,
}

impl Token {
    pub(super) fn of(raw: &RawValue) -> Self {
        match raw.get().as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::Text,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }
}

/// An object's members in order, with raw values.
pub(super) struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => RawValue::from_string(text.clone())
                .map_err(S::Error::custom)?
                .serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => serializer.collect_seq(items),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
