//! Errors on the wire: RFC 9457 `application/problem+json`, in the members that each domain's clients read.

mod asp_net;

use http::{HeaderValue, StatusCode, header};
use model::error::{Kind, Origin};
use model::id::CorrelationId;
use model::{Error, Result};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reply::Rendered;

pub use asp_net::AspNetProblem;

/// How a domain's problems are worded: data, not code.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// The domain's word for the partner, in front of a partner failure's code: `funder-auth`.
    pub partner: &'static str,
    /// The challenge of a 401.
    pub challenge: &'static str,
    /// Where a spec says another status than the table in `model::error`.
    pub statuses: &'static [(Kind, u16)],
    pub shape: Shape,
}

/// The body that a spec's clients already read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Our own, with the members of spec 1's envelope.
    Hub,
    /// What ASP.NET Core answers: spec 4.
    AspNet,
}

impl Family {
    pub fn code(&self, kind: Kind) -> String {
        let rule = kind.rule();
        match rule.origin {
            Origin::Partner => format!("{}-{}", self.partner, rule.code),
            Origin::Caller | Origin::Hub => rule.code.to_owned(),
        }
    }

    pub fn status(&self, kind: Kind) -> StatusCode {
        let own = self.statuses.iter().find(|(own, _)| *own == kind);
        let status = own.map_or(kind.rule().status, |(_, status)| *status);
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub fn kind(&self, code: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| self.code(*kind) == code)
    }

    /// The body says nothing that differs between two requests below 500, so that an absent thing and somebody else's
    /// are told apart by nobody.
    pub fn render(&self, error: &Error, correlation: CorrelationId) -> Result<Rendered> {
        let status = self.status(error.kind);
        let mut rendered = match self.shape {
            Shape::Hub => self.hub(error, status, correlation)?,
            Shape::AspNet => asp_net::render(error, status, &self.code(error.kind), correlation)?,
        };
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

    fn hub(&self, error: &Error, status: StatusCode, correlation: CorrelationId) -> Result<Rendered> {
        let rule = error.kind.rule();
        let code = self.code(error.kind);
        let hidden = status.is_server_error();
        let problem = Problem {
            kind: format!("urn:trunkline:problem:{code}"),
            title: rule.title,
            status: status.as_u16(),
            detail: (!hidden).then_some(error.message.as_str()),
            code: &code,
            origin: match rule.origin {
                Origin::Caller => "caller",
                Origin::Hub => "hub",
                Origin::Partner => "partner",
            },
            retryable: rule.retryable,
            retry_after: error.retry_after.map(|wait| wait.as_secs()),
            partner_code: error.partner_code.as_deref(),
            errors: error
                .fields
                .iter()
                .map(|field| FieldProblem {
                    field: &field.path,
                    message: &field.message,
                })
                .collect(),
            quote_id: error.subject.as_deref(),
            trace_id: hidden.then(|| correlation.to_string()),
            success: false,
            message: if hidden { rule.title } else { &error.message },
        };
        Rendered::json(status, &problem)
    }
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// Names the kind of problem: `urn:trunkline:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// A stable word for programs.
    code: &'a str,
    /// Who has to act: `caller`, `hub` or `partner`.
    origin: &'a str,
    /// Whether the same request may succeed later, unchanged.
    retryable: bool,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// The partner's own code, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_id: Option<&'a str>,
    /// For the operator, from 500 up.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// Always false: the envelope that clients of spec 1 read.
    success: bool,
    message: &'a str,
}

#[derive(Serialize, ToSchema)]
struct FieldProblem<'a> {
    /// The path of the value in the request, such as `vehicleDetails.price`.
    field: &'a str,
    message: &'a str,
}
