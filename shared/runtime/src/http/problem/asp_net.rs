//! Problems in the shape of ASP.NET Core, which the clients of spec 4 read: `errors` by JSON path and a W3C `traceId`; from
//! 500 up `{"Message"}`.

use std::collections::BTreeMap;

use http::StatusCode;
use model::Result;
use model::id::CorrelationId;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::family::{Failure, Shape};
use crate::http::reply::Rendered;

/// Spec 4.
pub struct AspNet;

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AspNetProblem<'a> {
    /// The section of the RFC that defines the status.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// The reason, where `errors` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// A stable word for programs, beside the members that ASP.NET Core has.
    code: &'a str,
    /// The refused values, by JSON path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<&'a str, Vec<&'a str>>,
    /// The path of another route that can serve the request, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<&'a str>,
    /// For the operator.
    trace_id: String,
}

/// The body of an error from 500 up.
#[derive(Serialize, ToSchema)]
struct AspNetFailure<'a> {
    /// The failure in words. The cause is in the hub's log.
    #[serde(rename = "Message")]
    message: &'a str,
    /// For the operator: the correlation id in the form of a W3C trace.
    #[serde(rename = "traceId")]
    trace_id: String,
}

impl Shape for AspNet {
    fn render(&self, failure: &Failure) -> Result<Rendered> {
        let Failure {
            error,
            status,
            code,
            correlation,
        } = *failure;
        let trace_id = trace_id(correlation);
        if status.is_server_error() {
            let message = error.kind.rule().title;
            return Rendered::json(status, &AspNetFailure { message, trace_id });
        }
        let mut errors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for field in &error.fields {
            errors.entry(&field.path).or_default().push(&field.message);
        }
        let validation = status == StatusCode::BAD_REQUEST && !errors.is_empty();
        let problem = AspNetProblem {
            kind: section(status),
            title: if validation {
                "One or more validation errors occurred."
            } else {
                status.canonical_reason().unwrap_or_default()
            },
            status: status.as_u16(),
            detail: errors.is_empty().then_some(&error.message),
            code,
            errors,
            instead: error.alternative(),
            trace_id,
        };
        Rendered::json(status, &problem)
    }

    fn schema(&self, status: StatusCode) -> (String, RefOr<Schema>) {
        if status.is_server_error() {
            (AspNetFailure::name().into_owned(), AspNetFailure::schema())
        } else {
            (AspNetProblem::name().into_owned(), AspNetProblem::schema())
        }
    }
}

fn section(status: StatusCode) -> String {
    let status = status.as_u16();
    match status {
        429 => "https://tools.ietf.org/html/rfc6585#section-4".to_owned(),
        400..=417 => format!("https://tools.ietf.org/html/rfc9110#section-15.5.{}", status - 399),
        422 => "https://tools.ietf.org/html/rfc9110#section-15.5.21".to_owned(),
        _ => "about:blank".to_owned(),
    }
}

/// A W3C trace context of the call: the correlation id, and half of it again for the span.
fn trace_id(correlation: CorrelationId) -> String {
    let trace = correlation.to_string().replace('-', "");
    let span = trace.get(16..).unwrap_or_default();
    format!("00-{trace}-{span}-01")
}

#[cfg(test)]
mod tests {
    use model::Kind;
    use serde_json::Value;

    use model::Error;

    use super::super::Family;
    use super::*;

    const FAMILY: Family = Family {
        partner: "upstream",
        challenge: "ApiKey",
        scheme: "apiKey",
        statuses: &[(Kind::Invalid, 400)],
        route: &[],
        shape: &AspNet,
    };

    fn body(error: &Error) -> (u16, Value) {
        let correlation = "3d6011a5-df62-40c1-b61d-5a565c859c62".parse().unwrap();
        let rendered = FAMILY.render(error, correlation).unwrap();
        let body = serde_json::from_str(&rendered.body).unwrap();
        (rendered.status.as_u16(), body)
    }

    #[test]
    fn errors_are_listed_by_path() {
        let refused = Error::invalid("$.dealer", "one")
            .field("$.dealer", "two")
            .field("$", "three");
        let wanted = serde_json::json!({
            "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
            "title": "One or more validation errors occurred.",
            "status": 400,
            "code": "invalid",
            "errors": {"$": ["three"], "$.dealer": ["one", "two"]},
            "traceId": "00-3d6011a5df6240c1b61d5a565c859c62-b61d5a565c859c62-01",
        });
        assert_eq!(body(&refused), (400, wanted));
    }

    #[test]
    fn callers_are_refused_as_the_spec_has_it() {
        let (status, problem) = body(&Error::new(Kind::Unauthenticated, "A valid api key is needed."));
        assert_eq!((status, &problem["title"]), (401, &"Unauthorized".into()));
        assert_eq!(problem["type"], "https://tools.ietf.org/html/rfc9110#section-15.5.2");
        let (status, problem) = body(&Error::new(Kind::Forbidden, "No."));
        assert_eq!((status, &problem["title"]), (403, &"Forbidden".into()));
        assert_eq!(problem["type"], "https://tools.ietf.org/html/rfc9110#section-15.5.4");
    }

    #[test]
    fn another_way_is_named() {
        let (status, problem) = body(&Error::new(Kind::TooLarge, "No.").instead("/upload"));
        assert_eq!(
            (status, &problem["instead"], &problem["detail"]),
            (413, &"/upload".into(), &"No.".into())
        );
    }

    #[test]
    fn our_own_failures_have_no_details() {
        let (status, problem) = body(&Error::misconfigured("the table is missing"));
        assert_eq!(status, 500);
        assert_eq!(problem["Message"], "Internal error");
        assert!(problem["traceId"].is_string() && !problem.to_string().contains("table"));
    }
}
