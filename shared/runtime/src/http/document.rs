//! A handler's input: one document merged from path, query and body, read into a type, then checked.

use std::borrow::Cow;
use std::collections::BTreeMap;

use garde::{Report, Validate};
use model::error::Field;
use model::json::typed::{Faults, Given, GivenMembers, TWICE, read_members};
use model::json::{check, without_bom};
use model::{Error, Kind, Result};
use serde::de::DeserializeOwned;
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

    fn refusal(&self, Faults { shape, values }: Faults) -> Error {
        if shape.iter().any(|fault| fault.message == TWICE) {
            return Error::new(Kind::Malformed, "A member is given twice with different values.");
        }
        let is_in_path = |fault: &Field| {
            let root = fault.path.split(['.', '[']).next().unwrap_or_default();
            self.path.contains_key(root)
        };
        // A malformed id names nothing.
        if shape.iter().any(is_in_path) {
            return Error::not_found();
        }
        let mut error = Error::new(Kind::Invalid, "Some values cannot be accepted.");
        error.fields = [shape, values].concat();
        error
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
        let check = |value: &T| value.validate().map_or_else(|report| refused(&report), |()| Vec::new());
        read_members(&members, &check).map_err(|faults| parts.refusal(faults))
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

fn merge<'a>(parts: &'a Parts) -> Result<GivenMembers<'a>> {
    let mut members = BTreeMap::new();
    if !parts.body.is_empty() {
        let bytes = parts.json()?;
        check(bytes)?;
        let body: BTreeMap<Cow<str>, &RawValue> = serde_json::from_slice(bytes)
            .map_err(|_| Error::new(Kind::Malformed, "The body must be a JSON object."))?;
        members.extend(body.into_iter().map(|(name, value)| (name, Given::Json(value))));
    }
    let query = form_urlencoded::parse(parts.query.as_bytes()).map(|(name, value)| (name, value.into_owned()));
    let path = parts
        .path
        .iter()
        .map(|(name, value)| (Cow::Borrowed(name.as_str()), value.clone()));
    for (name, text) in query.chain(path) {
        let agrees = match members.get(&name) {
            None => true,
            Some(Given::Twice) => false,
            Some(Given::Text(other)) => *other == text,
            // A null is absent.
            Some(Given::Json(raw)) => {
                raw.get() == "null"
                    || raw.get() == text
                    || serde_json::from_str::<String>(raw.get()).is_ok_and(|s| s == text)
            }
        };
        members.insert(name, if agrees { Given::Text(text) } else { Given::Twice });
    }
    Ok(members)
}

/// What the rules of a type refuse.
fn refused(report: &Report) -> Vec<Field> {
    let each = report.iter().map(|(path, why)| Field {
        path: camel_case(&path.to_string()),
        message: why.message().to_owned(),
    });
    each.collect()
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
