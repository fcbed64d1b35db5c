//! What a handler answers, and its form on the wire.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use model::{Error, Kind, Result};
use serde::Serialize;

/// A reply ready to leave: the body is text, because that is all a function can answer.
#[derive(Clone, Debug)]
pub struct Rendered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    /// The body is base64, which the gateway undoes.
    pub base64: bool,
}

impl Rendered {
    pub fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Self> {
        let body = serde_json::to_string(body).map_err(|error| Error::new(Kind::Internal, "reply").because(error))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self {
            status,
            headers,
            body,
            base64: false,
        })
    }

    /// A status and nothing else.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: String::new(),
            base64: false,
        }
    }
}

/// What a handler may return: it becomes a response.
pub trait Render {
    fn render(&self) -> Result<Rendered>;
}

/// A plain value is a 200.
impl<T: Serialize> Render for T {
    fn render(&self) -> Result<Rendered> {
        Rendered::json(StatusCode::OK, self)
    }
}

/// A reply that was rendered by its handler.
impl Render for Rendered {
    fn render(&self) -> Result<Rendered> {
        Ok(self.clone())
    }
}

/// 200 with `{}`, for the sender of a webhook.
#[derive(Clone, Copy, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct EmptyObject {}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct NoContent;

impl Render for NoContent {
    fn render(&self) -> Result<Rendered> {
        Ok(Rendered::empty(StatusCode::NO_CONTENT))
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

impl<T: Serialize> Render for Reply<T> {
    fn render(&self) -> Result<Rendered> {
        let mut rendered = Rendered::json(self.status, &self.body)?;
        rendered.headers.extend(self.headers.clone());
        Ok(rendered)
    }
}

/// HTML, or a file that HTML needs, embedded in the binary.
#[derive(Clone, Debug)]
pub struct StaticFile {
    pub headers: HeaderMap,
    pub body: &'static [u8],
}

impl StaticFile {
    pub fn new(content_type: &'static str, body: &'static [u8]) -> Self {
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            headers: HeaderMap::from_iter([kind]),
            body,
        }
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

impl Render for StaticFile {
    fn render(&self) -> Result<Rendered> {
        let text = std::str::from_utf8(self.body).ok();
        Ok(Rendered {
            status: StatusCode::OK,
            headers: self.headers.clone(),
            base64: text.is_none(),
            body: text.map_or_else(|| BASE64_STANDARD.encode(self.body), str::to_owned),
        })
    }
}
