//! `PUT /v1/bqs-case/case/{sequence}`

use model::Result;
use runtime::problem::AspNetProblem;
use runtime::{Cx, Reply};

use super::row::{CaseRow, ChangeKind, Sequence};
use super::running::start_asked;
use super::schema::{CaseChanges, UPDATE};
use super::view::CaseView;
use super::write::Writer;
use crate::Env;
use crate::channel::Role;
use crate::json::Body;

/// Changes a case.
///
/// What is absent stays, null clears, objects are merged and lists replaced. Only the channel that created the case may,
/// and dealer, brand and agreement have to be among those that it may use where they are given.
#[utoipa::path(
    put,
    path = "/v1/bqs-case/case/{sequence}",
    operation_id = "bqs-case-update",
    tag = "bqs",
    request_body = CaseChanges,
    params(
        ("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "The whole case", body = CaseView),
        (status = 400, description = "Not JSON, or values that cannot be accepted, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Without `case.write`, another channel's case, or a dealer, brand or agreement that is not allowed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such case for this channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "Others are changing the case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 256 KiB, or the case would be", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 429, description = "Too much is running for this case", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn update(cx: Cx<Env>, ask: Body) -> Result<Reply<CaseView>> {
    let mut writer = Writer::new(&cx, Role::CaseWrite)?;
    let sequence = Sequence::parse(ask.path.get("sequence"))?;
    let asked = ask.document(&UPDATE)?;
    loop {
        let mut row = CaseRow::of(&cx.env, writer.caller(), sequence).await?;
        writer.may_give(&asked)?;
        let before = row.document()?;
        let mut document = before.clone();
        document.merge(&asked);
        row.set_document(&document)?;
        let mut asked = asked.clone();
        let started = start_asked(&mut row, &document, &mut asked, cx.now())?;
        let changed = started || document != before;
        let reply = Reply::ok(CaseView { sequence, document });
        // A repeated request changes nothing and is not sent on again.
        if !changed {
            return Ok(reply);
        }
        let writes = row.change(&cx.env, ChangeKind::Update, asked.render()?, cx.correlation, cx.now())?;
        if writer.commit(sequence, writes, &reply).await? {
            return Ok(reply);
        }
    }
}
