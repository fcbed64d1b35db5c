//! How a domain words its problems: data, and one shape of body per spec.

use http::{HeaderValue, StatusCode, header};
use model::error::{Kind, Origin};
use model::id::CorrelationId;
use model::{Error, Result};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::http::reply::Rendered;

/// How a domain's problems are worded.
#[derive(Clone, Copy)]
pub struct Family {
    /// The domain's word for the partner, in front of a partner failure's code: `funder-auth`.
    pub partner: &'static str,
    /// The challenge of a 401.
    pub challenge: &'static str,
    /// The credential's name among the API document's security schemes.
    pub scheme: &'static str,
    /// Where the spec has another status than the table in `model::error`.
    pub statuses: &'static [(Kind, u16)],
    /// Where a route has another status again.
    pub route: &'static [(Kind, u16)],
    pub shape: &'static dyn Shape,
}

/// A failure as one response describes it.
pub struct Failure<'a> {
    pub error: &'a Error,
    pub status: StatusCode,
    pub code: &'a str,
    pub correlation: CorrelationId,
}

/// The body that a spec's clients read.
pub trait Shape: Sync {
    /// From 500 up the body names no cause: the log has it.
    fn render(&self, failure: &Failure) -> Result<Rendered>;

    /// The body's schema in the API document, by name, for this status.
    fn schema(&self, status: StatusCode) -> (String, RefOr<Schema>);
}

impl Family {
    /// The same with a route's own statuses, which win.
    #[must_use]
    pub fn with(self, route: &'static [(Kind, u16)]) -> Self {
        Self { route, ..self }
    }

    pub fn code(&self, kind: Kind) -> String {
        let rule = kind.rule();
        match rule.origin {
            Origin::Partner => format!("{}-{}", self.partner, rule.code),
            Origin::Caller | Origin::Hub => rule.code.to_owned(),
        }
    }

    pub fn status(&self, kind: Kind) -> StatusCode {
        let own = self.route.iter().chain(self.statuses).find(|(own, _)| *own == kind);
        let status = own.map_or(kind.rule().status, |(_, status)| *status);
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn kind(&self, code: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| self.code(*kind) == code)
    }

    /// Below 500 the body has nothing that differs between two requests, so that a caller cannot tell an absent thing from
    /// another caller's.
    pub fn render(&self, error: &Error, correlation: CorrelationId) -> Result<Rendered> {
        let code = self.code(error.kind);
        let mut rendered = self.shape.render(&Failure {
            error,
            status: self.status(error.kind),
            code: &code,
            correlation,
        })?;
        rendered.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(wait) = error.retry_after {
            rendered
                .headers
                .insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        if error.kind == Kind::Unauthenticated {
            rendered
                .headers
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        }
        Ok(rendered)
    }
}
