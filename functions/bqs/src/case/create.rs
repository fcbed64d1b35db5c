//! `POST /v1/bqs-case/case`

use http::header;
use model::Result;
use model::json::Document;
use runtime::{Cx, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::row::{CaseRow, ChangeKind, Sequence};
use super::running::start_requested;
use super::schema::{CREATE, NewCase};
use super::write::Writer;
use crate::Env;
use crate::body::JsonBody;

/// `Location` of a new case, before its number.
pub const CASE_PATH: &str = "/v1/bqs-case/case/";

/// A new case.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    /// The case's number. Messages call it `preViewCaseId`.
    #[schema(value_type = u64)]
    sequence: Sequence,
}

/// Creates a case.
///
/// The channel's lists must contain its dealer, brand and agreement. Unknown members are kept and sent upstream. `startScoring`
/// and `startConsent` each take effect once.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/case",
    operation_id = "bqs-case-create",
    request_body = NewCase,
    responses(
        (status = 201, description = "Created; see Location", body = Created),
        (status = 403, description = "A dealer, brand or agreement outside the channel's lists"),
        (status = 409, description = "The channel's permissions are changing"),
    )
)]
pub async fn create(cx: Cx<Env>, body: JsonBody) -> Result<Reply<Created>> {
    let mut writer = Writer::new(&cx);
    let mut requested = body.document(&CREATE)?;
    writer.check_lists(&requested)?;
    let mut case = Document::default();
    case.merge(&requested);
    // A call that crashed with the same idempotency key left no case: one transaction writes the case and the response.
    let sequence = cx.counted(Sequence::next(&cx.env)).await?;
    let mut row = CaseRow::new(sequence, &cx.caller.channel, &case, cx.now())?;
    start_requested(&mut row, &case, &mut requested, cx.now())?;
    let writes = row.change(
        &cx.env,
        ChangeKind::Create,
        requested.render()?,
        cx.correlation,
        cx.now(),
    )?;
    let reply = Reply::created(Created { sequence }).header(header::LOCATION, format!("{CASE_PATH}{sequence}"));
    while !writer.commit(sequence, writes.clone(), &reply).await? {
        writer.check_lists(&requested)?;
    }
    Ok(reply)
}

/// A channel whose lists have changed learns nothing of a case that it created before.
pub async fn may_repeat(cx: Cx<Env>, body: JsonBody) -> Result<()> {
    Writer::new(&cx).check_lists(&body.document(&CREATE)?)
}
