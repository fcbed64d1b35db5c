//! What a value is read from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::number;

/// Texts that stand in for a faulty or missing one, until its type takes one of them.
pub const STAND_INS: [&str; 6] = [
    "",
    "a@example.com",
    "00000000-0000-7000-8000-000000000000",
    "GBP",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
];

/// A member's value: a piece of a body, or text from an address.
pub enum Given<'a> {
    Json(&'a RawValue),
    Text(String),
    /// Two values that differ: a fault if the type has this member.
    Twice,
}

/// Why [`Given::Twice`] is refused.
pub const TWICE: &str = "must not be given twice with different values";

/// The members of a document that is put together from several places.
pub type GivenMembers<'a> = BTreeMap<Cow<'a, str>, Given<'a>>;

/// Members in their order.
pub type NamedSources<'de> = Vec<(Cow<'de, str>, NodeSource<'de>)>;

#[derive(Clone, Copy)]
pub enum NodeSource<'de> {
    Json(&'de RawValue),
    Text(&'de str),
    Twice,
    Members(&'de GivenMembers<'de>),
    /// Nothing. A value of the type takes its place, with this one of the texts.
    StandIn(usize),
}

impl<'de> From<&'de Given<'de>> for NodeSource<'de> {
    fn from(given: &'de Given<'de>) -> Self {
        match given {
            Given::Json(raw) => Self::Json(raw),
            Given::Text(text) => Self::Text(text),
            Given::Twice => Self::Twice,
        }
    }
}

impl<'de> NodeSource<'de> {
    pub fn is_null(self) -> bool {
        matches!(self, Self::Json(raw) if raw.get() == "null")
    }

    pub fn whole(self) -> Option<i128> {
        match self {
            Self::Json(raw) => number::whole(raw.get()),
            Self::Text(text) => text.parse().ok(),
            Self::StandIn(_) => Some(0),
            Self::Twice | Self::Members(_) => None,
        }
    }

    pub fn float(self) -> Option<f64> {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).ok(),
            Self::StandIn(_) => Some(0.0),
            Self::Text(_) | Self::Twice | Self::Members(_) => None,
        }
    }

    pub fn flag(self) -> Option<bool> {
        match self {
            Self::Json(raw) => raw.get().parse().ok(),
            Self::Text(text) => text.parse().ok(),
            Self::StandIn(_) => Some(false),
            Self::Twice | Self::Members(_) => None,
        }
    }

    pub fn text(self) -> Option<Cow<'de, str>> {
        match self {
            Self::Json(raw) => serde_json::from_str(raw.get()).ok().map(|Text(text)| text),
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::StandIn(tried) => STAND_INS.get(tried).map(|text| Cow::Borrowed(*text)),
            Self::Twice | Self::Members(_) => None,
        }
    }

    /// One of these words.
    pub fn word(self, known: &'static [&'static str]) -> Option<&'static str> {
        if let Self::StandIn(_) = self {
            return known.first().copied();
        }
        let text = self.text()?;
        known.iter().find(|known| **known == text).copied()
    }

    pub fn raw(self) -> Option<&'de RawValue> {
        match self {
            Self::Json(raw) => Some(raw),
            Self::StandIn(_) => serde_json::from_str("0").ok(),
            Self::Text(_) | Self::Twice | Self::Members(_) => None,
        }
    }

    /// An object's members, or those of these names.
    pub fn members(self, names: Option<&[&str]>) -> Option<NamedSources<'de>> {
        match self {
            Self::Json(raw) if raw.get().starts_with('{') => Object(names).deserialize(raw).ok(),
            Self::Members(given) => {
                let is_wanted = |name: &str| names.is_none_or(|names| names.contains(&name));
                let given = given.iter().filter(|(name, _)| is_wanted(name));
                Some(given.map(|(name, given)| (name.clone(), given.into())).collect())
            }
            Self::StandIn(_) => Some(Vec::new()),
            Self::Json(_) | Self::Text(_) | Self::Twice => None,
        }
    }

    pub fn items(self) -> Option<Vec<&'de RawValue>> {
        match self {
            Self::Json(raw) if raw.get().starts_with('[') => Vec::deserialize(raw).ok(),
            Self::StandIn(_) => Some(Vec::new()),
            Self::Json(_) | Self::Text(_) | Self::Twice | Self::Members(_) => None,
        }
    }
}

/// A member name or a text, borrowed unless it has escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct Object<'a>(Option<&'a [&'a str]>);

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = NamedSources<'de>;

    fn deserialize<D: Deserializer<'de>>(self, raw: D) -> Result<Self::Value, D::Error> {
        raw.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = NamedSources<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(self.0.map_or(0, <[_]>::len));
        while let Some(Text(name)) = map.next_key()? {
            if self.0.is_none_or(|names| names.contains(&name.as_ref())) {
                members.push((name, NodeSource::Json(map.next_value()?)));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(members)
    }
}
