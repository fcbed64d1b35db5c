//! Scoring and consent. A case's own members or a separate request start them, once at a time per case and organisation.

use http::StatusCode;
use jiff::Timestamp;
use model::Result;
use model::json::{Document, Schema, Value};
use runtime::Cx;
use runtime::http::reply::Rendered;
use runtime::work::idempotency::Earlier;

use super::row::{CaseRow, ChangeKind, Run, Sequence};
use super::write::Writer;
use crate::Env;
use crate::body::JsonBody;

/// Starts what the members of a request ask for. In `requested`, a member whose run is not started anew becomes false. True if
/// anything was started.
pub fn start_requested(row: &mut CaseRow, case: &Document, requested: &mut Document, now: Timestamp) -> Result<bool> {
    // A private customer has no number. A case has only one.
    let organisation = case
        .text(&["customer", "details", "organizationNumber"])
        .unwrap_or_default();
    let mut any = false;
    for (member, run) in [("startScoring", Run::Score), ("startConsent", Run::Consent)] {
        if requested.bool(&[member]) != Some(true) {
            continue;
        }
        if row.start(run, organisation, now)? {
            any = true;
        } else {
            requested.members_mut().set(member, Value::Bool(false));
        }
    }
    Ok(any)
}

/// Handles a request to start a run. It is accepted whether the run starts or is running already.
pub async fn start(cx: &Cx<Env>, body: &JsonBody, schema: &Schema, run: Run) -> Result<Rendered> {
    let mut writer = Writer::new(cx);
    let sequence = Sequence::parse(body.path.get("sequence"))?;
    let requested = body.document(schema)?;
    let organisation = requested.text(&["organizationNumber"]).unwrap_or_default();
    let accepted = Rendered::empty(StatusCode::ACCEPTED);
    let kind = match run {
        Run::Score => ChangeKind::Score,
        Run::Consent => ChangeKind::Consent,
    };
    loop {
        let mut row = CaseRow::of(&cx.env, writer.caller(), sequence).await?;
        if cx.earlier() == Earlier::Accepted || !row.start(run, organisation, cx.now())? {
            return Ok(accepted);
        }
        let writes = row.change(&cx.env, kind, requested.render()?, cx.correlation, cx.now())?;
        if writer.commit(sequence, writes, &accepted).await? {
            return Ok(accepted);
        }
    }
}
