//! `POST /v1/bqs-case/case/{sequence}/business-consent`

use model::Result;
use runtime::Cx;
use runtime::problem::AspNetProblem;
use runtime::reply::Rendered;

use super::row::Run;
use super::running::start;
use super::schema::{BusinessConsent, CONSENT};
use crate::Env;
use crate::json::Body;

/// Asks a business for its consent.
///
/// Once per case and organisation while it runs: asked again, it is accepted and nothing more happens.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/case/{sequence}/business-consent",
    operation_id = "bqs-case-consent",
    tag = "bqs",
    request_body = BusinessConsent,
    params(
        ("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are answered once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 202, description = "Accepted"),
        (status = 400, description = "Not JSON, or values that cannot be accepted, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Without `case.write`, or another channel's case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such case for this channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use, or others are changing the case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 256 KiB", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 429, description = "Too much is running for this case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn consent(cx: Cx<Env>, ask: Body) -> Result<Rendered> {
    start(&cx, &ask, &CONSENT, Run::Consent).await
}
