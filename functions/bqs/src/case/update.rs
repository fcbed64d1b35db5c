//! `PUT /v1/bqs-case/case/{sequence}`

use model::Result;
use runtime::{Cx, Reply};

use super::row::{CaseRow, ChangeKind, Sequence};
use super::running::start_requested;
use super::schema::{CaseChanges, UPDATE};
use super::view::CaseView;
use super::write::Writer;
use crate::Env;
use crate::body::JsonBody;

/// Changes a case.
///
/// Absent members stay, null clears, objects are merged and lists replaced. Only the channel that created the case may
/// change it, while it handles the case's dealer. If the request has a dealer, brand or agreement, the channel's lists must
/// contain it.
#[utoipa::path(
    put,
    path = "/v1/bqs-case/case/{sequence}",
    operation_id = "bqs-case-update",
    request_body = CaseChanges,
    params(("sequence" = u64, Path, description = "The case's number", minimum = 1, maximum = 999_999_999_999_999_i64)),
    responses(
        (status = 200, description = "The whole case", body = CaseView),
        (status = 403, description = "Another channel's case, or one whose dealer the channel no longer handles; a dealer, brand or agreement outside the channel's lists"),
        (status = 404, description = "No such case for this channel"),
        (status = 409, description = "Other requests changed the case first"),
        (status = 413, description = "The changed case is over 256 KiB"),
        (status = 429, description = "Too much is running for this case"),
    )
)]
pub async fn update(cx: Cx<Env>, body: JsonBody) -> Result<Reply<CaseView>> {
    let mut writer = Writer::new(&cx);
    let sequence = Sequence::parse(body.path.get("sequence"))?;
    let requested = body.document(&UPDATE)?;
    loop {
        let mut row = CaseRow::of(&cx.env, writer.caller(), sequence).await?;
        writer.check_lists(&requested)?;
        let before = row.document()?;
        let mut document = before.clone();
        document.merge(&requested);
        row.set_document(&document)?;
        let mut requested = requested.clone();
        let started = start_requested(&mut row, &document, &mut requested, cx.now())?;
        // A repeated request changes nothing and is not sent upstream again, however its values are written now.
        if !started && document.is_same(&before) {
            return Ok(Reply::ok(CaseView::of(&row, before)));
        }
        let reply = Reply::ok(CaseView::of(&row, document));
        let writes = row.change(
            &cx.env,
            ChangeKind::Update,
            requested.render()?,
            cx.correlation,
            cx.now(),
        )?;
        if writer.commit(sequence, writes, &reply).await? {
            return Ok(reply);
        }
    }
}
