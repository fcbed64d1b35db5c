//! What a handler answers, and its form on the wire.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{Error, Kind, Result};
use serde::Serialize;

/// A reply ready to leave: the body is text, because everything we say is JSON.
#[derive(Clone, Debug)]
pub struct Rendered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Rendered {
    pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(|error| Error::new(Kind::Internal, "reply").because(error))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { status, headers, body })
    }
}

pub trait Answer {
    fn render(&self) -> Result<Rendered>;
}

/// A plain value is a 200.
impl<T: Serialize> Answer for T {
    fn render(&self) -> Result<Rendered> {
        Rendered::json(StatusCode::OK, self)
    }
}

/// A reply that was rendered by its handler.
impl Answer for Rendered {
    fn render(&self) -> Result<Rendered> {
        Ok(self.clone())
    }
}

/// A value with a status and headers of its own.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: T,
}

impl<T> Reply<T> {
    pub fn ok(body: T) -> Self {
        Self {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body,
        }
    }

    pub fn created(body: T) -> Self {
        Self {
            status: StatusCode::CREATED,
            ..Self::ok(body)
        }
    }

    pub fn accepted(body: T) -> Self {
        Self {
            status: StatusCode::ACCEPTED,
            ..Self::ok(body)
        }
    }

    /// Adds a header. A value that cannot stand in one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T: Serialize> Answer for Reply<T> {
    fn render(&self) -> Result<Rendered> {
        let mut rendered = Rendered::json(self.status, &self.body)?;
        rendered.headers.extend(self.headers.clone());
        Ok(rendered)
    }
}
