//! `GET /v1/bqs-case/case/{sequence}`

use model::Result;
use runtime::problem::AspNetProblem;
use runtime::{Cx, Raw};

use super::row::{CaseRow, Sequence};
use super::view::CaseView;
use crate::Env;
use crate::channel::Role;

/// Answers a case of the channel's own.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/case/{sequence}",
    operation_id = "bqs-case-get",
    tag = "bqs",
    params(
        ("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "The case", body = CaseView),
        (status = 400, description = "Not a number", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Without `case.read`, or another channel's case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such case for this channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn get(cx: Cx<Env>, ask: Raw) -> Result<CaseView> {
    cx.caller.must_have(Role::CaseRead)?;
    let sequence = Sequence::parse(ask.path.get("sequence"))?;
    let row = CaseRow::of(&cx.env, &cx.caller, sequence).await?;
    Ok(CaseView {
        sequence,
        document: row.document()?,
    })
}
