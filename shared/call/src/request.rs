//! Requests that are not sent yet, and exchanges of several requests.

use std::collections::BTreeMap;
use std::fmt::Display;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

/// A request that is not sent yet. Its URI is a path: the configuration names the installation.
#[derive(Debug)]
pub struct Call {
    pub request: http::Request<Bytes>,
    /// The name this call has in the integration log.
    pub operation: &'static str,
    /// Whether a second send does no harm. The hub never resends a call that is not repeatable while its outcome is unknown.
    pub repeatable: bool,
    /// The quote, proposal, order or case that the call is about. The integration log keeps it.
    pub subject: Option<String>,
}

impl Call {
    /// A question whose answer is JSON.
    pub fn get(path: &str, operation: &'static str) -> Result<Self> {
        Self::new(Method::GET, path, operation, Bytes::new(), true)
    }

    /// JSON whose answer is JSON.
    pub fn post<T: Serialize>(path: &str, operation: &'static str, body: &T, repeatable: bool) -> Result<Self> {
        let body = serde_json::to_vec(body).map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
        Self::new(Method::POST, path, operation, body.into(), repeatable)?.header("content-type", "application/json")
    }

    /// A body of any type, which `header` has to name, and an answer in JSON.
    pub fn new(method: Method, path: &str, operation: &'static str, body: Bytes, repeatable: bool) -> Result<Self> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::ACCEPT, "application/json")
            .body(body)
            .map_err(|error| Error::new(Kind::Internal, operation).because(error))?;
        Ok(Self {
            request,
            operation,
            repeatable,
            subject: None,
        })
    }

    /// With the id or number of what it is about, which has no personal data.
    #[must_use]
    pub fn about(self, subject: impl Display) -> Self {
        Self {
            subject: Some(subject.to_string()),
            ..self
        }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self> {
        let value =
            HeaderValue::from_str(value).map_err(|error| Error::new(Kind::Internal, self.operation).because(error))?;
        self.request.headers_mut().insert(name, value);
        Ok(self)
    }
}

/// How the hub authenticates to a partner. The adapter declares it and the runtime performs it. The names are members of
/// the partner's secret.
#[derive(Clone, Copy, Debug)]
pub enum Auth {
    /// `Authorization: Bearer` with an HS256 JWT that the hub signs.
    SignedToken {
        secret: &'static str,
        /// Setting for the encoding of the secret: `raw` or `base64`.
        encoding: &'static str,
        /// Setting for the life of a token in hours.
        lifetime: &'static str,
        /// Claims beside `iat`, `nbf` and `exp`: the name, and the member with the value.
        claims: &'static [(&'static str, &'static str)],
    },
    /// An API key in a header. The setting `<PARTNER>_API_KEY_HEADER` names another one.
    ApiKey { header: &'static str, secret: &'static str },
}

/// Results of the steps so far, as far as later steps need them. Small: the row keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress(pub BTreeMap<String, String>);

#[derive(Debug)]
pub enum Step<T> {
    Next(Progress),
    Done(T),
}

/// A partner's id as one segment of a path. Refuses an id that would leave the segment.
pub fn segment(id: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    if id.is_empty() || id.starts_with('.') || !id.bytes().all(plain) {
        return Err(Error::new(
            Kind::PartnerBadResponse,
            "the partner's id cannot stand in a path",
        ));
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        assert_eq!(segment("Q12345").unwrap(), "Q12345");
        for trick in ["", "..", "a/b", "a?b", "a%2fb", "a#b", "a b", "\u{e4}"] {
            assert!(segment(trick).is_err(), "{trick:?}");
        }
    }
}
