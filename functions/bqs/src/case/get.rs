//! `GET /v1/bqs-case/case/{sequence}`

use model::Result;
use runtime::{Cx, Raw};

use super::row::{CaseRow, Sequence};
use super::view::CaseView;
use crate::Env;

/// Returns one of the channel's own cases.
///
/// The case shows the documents that were refused after the hub had taken them.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/case/{sequence}",
    operation_id = "bqs-case-get",
    tag = "bqs",
    params(("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64)),
    responses(
        (status = 200, description = "The case", body = CaseView),
        (status = 400, description = "Not a number"),
        (status = 403, description = "Another channel's case, or one whose dealer the channel no longer handles"),
        (status = 404, description = "No such case for this channel"),
    )
)]
pub async fn get(cx: Cx<Env>, request: Raw) -> Result<CaseView> {
    let sequence = Sequence::parse(request.path.get("sequence"))?;
    let row = CaseRow::of(&cx.env, &cx.caller, sequence).await?;
    Ok(CaseView::of(&row, row.document()?))
}
