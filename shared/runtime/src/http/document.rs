//! A handler's input: one document merged from path, query and body, read into a type, then checked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use garde::Validate;
use model::json::{check, without_bom};
use model::{Error, Kind, Result};
use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::value::RawValue;

use super::media;

/// The largest body, in bytes, where a function sets no limit of its own.
pub const LIMIT: usize = 1024 * 1024;

/// A request's parts that can hold input. Path parameters come decoded, once, from the gateway.
pub struct Parts<'a> {
    pub path: BTreeMap<String, String>,
    pub query: &'a str,
    pub content_type: Option<&'a str>,
    pub content_encoding: Option<&'a str>,
    pub body: Cow<'a, [u8]>,
    /// The most bytes a body may have.
    pub limit: usize,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self {
            path: BTreeMap::new(),
            query: "",
            content_type: None,
            content_encoding: None,
            body: Cow::Borrowed(&[]),
            limit: LIMIT,
        }
    }
}

impl Parts<'_> {
    /// The body without its byte order mark, if its content type is JSON and it is not too large.
    pub fn json(&self) -> Result<&[u8]> {
        let json = self
            .content_type
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| {
                let kind = kind.trim().to_ascii_lowercase();
                kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
            });
        if !json {
            return Err(Error::new(
                Kind::UnsupportedMedia,
                "The content type must be application/json.",
            ));
        }
        self.check_readable()?;
        Ok(without_bom(&self.body))
    }

    /// The hub reads bodies in UTF-8 that are neither compressed nor too large.
    pub(crate) fn check_readable(&self) -> Result<()> {
        media::check_charset(self.content_type.unwrap_or_default())?;
        media::check_encoding(self.content_encoding.unwrap_or_default())?;
        self.within_limit()
    }

    fn within_limit(&self) -> Result<()> {
        if self.body.len() <= self.limit {
            return Ok(());
        }
        let most = self.limit;
        Err(Error::new(
            Kind::TooLarge,
            format!("The body must be at most {most} bytes."),
        ))
    }
}

/// What a route's body has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Media {
    Json,
    Form,
    /// The handler reads the bytes, if it reads them at all.
    Any,
}

/// A type a handler can take.
pub trait Input: Sized {
    const MEDIA: Media;

    fn read(parts: &Parts) -> Result<Self>;
}

impl<T: DeserializeOwned + Validate<Context = ()>> Input for T {
    const MEDIA: Media = Media::Json;

    fn read(parts: &Parts) -> Result<Self> {
        let members = merge(parts)?;
        let document = MapDeserializer::new(members.into_iter());
        let value: T = serde_path_to_error::deserialize(document).map_err(|error| {
            let path = error.path().to_string();
            let root = path.split(['.', '[']).next().unwrap_or_default();
            let why = error.into_inner().to_string();
            if why == TWICE {
                Error::new(Kind::Malformed, TWICE)
            } else if parts.path.contains_key(root) {
                // A malformed id names nothing.
                Error::not_found()
            } else {
                misfit(&path, &why)
            }
        })?;
        value.validate().map_err(|report| {
            let refused = Error::new(Kind::Invalid, "Some values cannot be accepted.");
            report.iter().fold(refused, |refused, (path, why)| {
                refused.field(camel_case(&path.to_string()), why.message())
            })
        })?;
        Ok(value)
    }
}

/// The raw bytes, which signatures are made over, and the path parameters. A byte order mark is one of the bytes.
pub struct Raw {
    pub path: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Input for Raw {
    const MEDIA: Media = Media::Any;

    fn read(parts: &Parts) -> Result<Self> {
        if !parts.body.is_empty() {
            parts.check_readable()?;
        }
        Ok(Self {
            path: parts.path.clone(),
            body: parts.body.to_vec(),
        })
    }
}

/// Reads JSON from a queue by the rules for requests.
pub fn read_json<T: Input>(body: &[u8]) -> Result<T> {
    T::read(&Parts {
        content_type: Some("application/json"),
        body: Cow::Borrowed(body),
        ..Parts::default()
    })
}

/// A member's value: a piece of the body, or text from the URL.
enum Member<'a> {
    Json(&'a RawValue),
    Text(String),
    /// Two values that differ. The request is malformed if its type has this member.
    Twice,
}

fn merge<'a>(parts: &'a Parts) -> Result<BTreeMap<Cow<'a, str>, Member<'a>>> {
    let mut members = BTreeMap::new();
    if !parts.body.is_empty() {
        let bytes = parts.json()?;
        check(bytes)?;
        let body: BTreeMap<Cow<str>, &RawValue> = serde_json::from_slice(bytes)
            .map_err(|_| Error::new(Kind::Malformed, "The body must be a JSON object."))?;
        members.extend(body.into_iter().map(|(name, value)| (name, Member::Json(value))));
    }
    let query = form_urlencoded::parse(parts.query.as_bytes()).map(|(name, value)| (name, value.into_owned()));
    let path = parts
        .path
        .iter()
        .map(|(name, value)| (Cow::Borrowed(name.as_str()), value.clone()));
    for (name, text) in query.chain(path) {
        let agrees = match members.get(&name) {
            None => true,
            Some(Member::Twice) => false,
            Some(Member::Text(other)) => *other == text,
            Some(Member::Json(raw)) => {
                raw.get() == text || serde_json::from_str::<String>(raw.get()).is_ok_and(|s| s == text)
            }
        };
        members.insert(name, if agrees { Member::Text(text) } else { Member::Twice });
    }
    Ok(members)
}

impl<'de> IntoDeserializer<'de, serde_json::Error> for Member<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Text from a URL deserialises into a string, or into a number or a flag where the type wants one.
impl<'de> de::Deserializer<'de> for Member<'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Twice => Err(twice()),
            Self::Json(raw) => raw.deserialize_any(visitor),
            Self::Text(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Twice => Err(twice()),
            Self::Json(raw) => raw.deserialize_u64(visitor),
            Self::Text(text) => match text.parse() {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_string(text),
            },
        }
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_u64(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Twice => Err(twice()),
            Self::Json(raw) => raw.deserialize_bool(visitor),
            Self::Text(text) => match text.parse() {
                Ok(flag) => visitor.visit_bool(flag),
                Err(_) => visitor.visit_string(text),
            },
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Twice => Err(twice()),
            Self::Json(raw) => raw.deserialize_option(visitor),
            Self::Text(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Twice => Err(twice()),
            Self::Json(raw) => raw.deserialize_enum(name, variants, visitor),
            Self::Text(text) => visitor.visit_enum(StringDeserializer::new(text)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Twice => Err(twice()),
            Self::Json(raw) => raw.deserialize_newtype_struct(name, visitor),
            Self::Text(_) => visitor.visit_newtype_struct(self),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier
    }

    /// The type has no such member.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }
}

const TWICE: &str = "A member is given twice with different values.";

fn twice() -> serde_json::Error {
    de::Error::custom(TWICE)
}

/// The value that did not fit, by path. The message never repeats the caller's value.
fn misfit(path: &str, message: &str) -> Error {
    let message = message.split(" at line ").next().unwrap_or(message);
    if let Some(name) = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next())
    {
        let path = if path == "." {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        return Error::invalid(path, "is missing");
    }
    let why = match message.rsplit_once("expected ") {
        Some((_, wanted)) => format!("must be {wanted}"),
        None if message.starts_with("must be") => message.to_owned(),
        None => "has the wrong form".to_owned(),
    };
    Error::invalid(path, why)
}

/// Rust's member names in camel case, as clients write them.
fn camel_case(path: &str) -> String {
    let mut upper = false;
    let letters = path.chars().filter_map(|c| {
        if c == '_' {
            upper = true;
            return None;
        }
        Some(if std::mem::take(&mut upper) {
            c.to_ascii_uppercase()
        } else {
            c
        })
    });
    letters.collect()
}

#[cfg(test)]
mod tests;
