//! The hub's own problems, with the members of spec 1's envelope.

use http::StatusCode;
use model::Result;
use model::error::{Origin, Subject};
use model::id::QuoteId;
use serde::Serialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::family::{Failure, Shape};
use crate::http::reply::Rendered;

/// Specs 1 and 5.
pub struct Hub;

impl Shape for Hub {
    fn render(&self, failure: &Failure) -> Result<Rendered> {
        let Failure {
            error,
            status,
            code,
            correlation,
        } = failure;
        let rule = error.kind.rule();
        let hidden = status.is_server_error();
        let problem = Problem {
            kind: format!("urn:trunkline:problem:{code}"),
            title: rule.title,
            status: status.as_u16(),
            detail: (!hidden).then_some(error.message.as_str()),
            code,
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
            quote_id: error.subject().map(|Subject::Quote(id)| id),
            trace_id: hidden.then(|| correlation.to_string()),
            success: false,
            message: if hidden { rule.title } else { &error.message },
        };
        Rendered::json(*status, &problem)
    }

    fn schema(&self, _: StatusCode) -> (String, RefOr<Schema>) {
        (Problem::name().into_owned(), Problem::schema())
    }
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem<'a> {
    /// Names the kind of problem: `urn:trunkline:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in words.
    title: &'a str,
    /// The HTTP status.
    status: u16,
    /// The reason, for people. Absent from 500 up.
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
    /// The values that cannot be accepted, with the reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldProblem<'a>>,
    /// The quote that the request was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_id: Option<QuoteId>,
    /// For the operator, from 500 up.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// Always false. A response has `true` here.
    success: bool,
    /// The same as `detail`; from 500 up as `title`.
    message: &'a str,
}

#[derive(Serialize, ToSchema)]
pub struct FieldProblem<'a> {
    /// The path of the value in the request, such as `vehicleDetails.price`.
    field: &'a str,
    /// The rule that the value must meet.
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use model::{Error, Kind};
    use serde_json::Value;

    use super::super::Family;
    use super::*;

    const FAMILY: Family = Family {
        partner: "funder",
        challenge: "Bearer",
        scheme: "bearer",
        statuses: &[],
        route: &[],
        shape: &Hub,
    };

    fn body(error: &Error) -> Value {
        let correlation = "3d6011a5-df62-40c1-b61d-5a565c859c62".parse().unwrap();
        serde_json::from_str(&FAMILY.render(error, correlation).unwrap().body).unwrap()
    }

    #[test]
    fn only_a_failure_about_a_quote_has_a_quote_id() {
        let quote: QuoteId = "0190d5a0-0000-7000-8000-000000000001".parse().unwrap();
        for kind in Kind::ALL {
            assert_eq!(body(&Error::new(kind, "").about(quote))["quoteId"], quote.to_string());
            let without = body(&Error::new(kind, "").instead("/upload"));
            assert!(without.get("quoteId").is_none(), "{without}");
        }
    }
}
