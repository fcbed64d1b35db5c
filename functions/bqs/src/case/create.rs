//! `POST /v1/bqs-case/case`

use http::header;
use model::Result;
use runtime::problem::AspNetProblem;
use runtime::{Cx, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{CaseRow, ChangeKind, Sequence};
use super::running::start_asked;
use super::schema::{CREATE, NewCase};
use super::write::Writer;
use crate::Env;
use crate::channel::Role;
use crate::json::Body;

#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    /// The case's number, called `preViewCaseId` in messages.
    #[schema(value_type = u64)]
    sequence: Sequence,
}

/// Creates a case.
///
/// Dealer, brand and agreement have to be among those that the channel may use. Members that are not known are kept and
/// sent on. `startScoring` and `startConsent` each start once.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/case",
    operation_id = "bqs-case-create",
    tag = "bqs",
    request_body = NewCase,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are answered once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 201, description = "Created; see Location", body = Created),
        (status = 400, description = "Not JSON, or values that cannot be accepted, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Without `case.write`, or a dealer, brand or agreement that is not allowed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use, or permissions are being changed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 256 KiB", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn create(cx: Cx<Env>, ask: Body) -> Result<Reply<Created>> {
    let mut writer = Writer::new(&cx, Role::CaseWrite)?;
    let mut asked = ask.document(&CREATE)?;
    writer.may_give(&asked)?;
    let mut case = crate::json::Document::default();
    case.merge(&asked);
    // Where an earlier call with the same idempotency key broke off, nothing of it is there: the case and the answer are
    // written together.
    let sequence = Sequence::next(&cx.env).await?;
    let mut row = CaseRow::new(sequence, &cx.caller.channel, &case, cx.now())?;
    start_asked(&mut row, &case, &mut asked, cx.now())?;
    let writes = row.change(&cx.env, ChangeKind::Create, asked.render()?, cx.correlation, cx.now())?;
    let reply = Reply::created(Created { sequence }).header(header::LOCATION, format!("/v1/bqs-case/case/{sequence}"));
    while !writer.commit(sequence, writes.clone(), &reply).await? {
        writer.may_give(&asked)?;
    }
    Ok(reply)
}
