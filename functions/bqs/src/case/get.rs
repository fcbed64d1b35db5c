//! `GET /v1/bqs-case/case/{sequence}`

use model::Result;
use runtime::work::row::Row;
use runtime::{Cx, Raw};

use super::progress::CaseProgress;
use super::row::{CaseRow, Sequence};
use super::view::{CaseView, CaseWithProgress};
use crate::Env;
use crate::forward::ForwardRow;

/// Returns one of the channel's own cases.
///
/// The case shows documents that the hub refused after it had accepted them. `progress` shows the state of its changes on the way
/// to the upstream BQS, and why one is held.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/case/{sequence}",
    operation_id = "bqs-case-get",
    params(("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64)),
    responses(
        (status = 200, description = "The case", body = CaseWithProgress),
        (status = 400, description = "Not a number"),
        (status = 403, description = "Another channel's case, or one whose dealer the channel no longer handles"),
        (status = 404, description = "No such case for this channel"),
    )
)]
pub async fn get(cx: Cx<Env>, request: Raw) -> Result<CaseWithProgress> {
    let sequence = Sequence::parse(request.path.get("sequence"))?;
    let (row, forward) = tokio::try_join!(
        CaseRow::of(&cx.env, &cx.caller, sequence),
        ForwardRow::load(cx.env.table()?, &sequence)
    )?;
    let forward = forward.unwrap_or_else(|| ForwardRow::new(sequence));
    let progress = CaseProgress::of(&row, &forward);
    Ok(CaseView::of(&row, row.document()?).with(progress))
}
