//! Scoring and consent: started by a case's own members or by a request of their own, each once at a time per case and
//! organisation.

use http::StatusCode;
use jiff::Timestamp;
use model::Result;
use runtime::Cx;
use runtime::once::Earlier;
use runtime::reply::Rendered;

use super::row::{CaseRow, ChangeKind, Run, Sequence};
use super::write::Writer;
use crate::Env;
use crate::channel::Role;
use crate::json::{Body, Document, Schema, Value};

/// Starts what a document asks for. What runs already is no longer asked for in it. True if anything was started.
pub fn start_asked(row: &mut CaseRow, case: &Document, asked: &mut Document, now: Timestamp) -> Result<bool> {
    // A private customer has no number and is one of a kind in a case.
    let organisation = case
        .text(&["customer", "details", "organizationNumber"])
        .unwrap_or_default();
    let mut any = false;
    for (member, run) in [("startScoring", Run::Score), ("startConsent", Run::Consent)] {
        if asked.flag(&[member]) != Some(true) {
            continue;
        }
        if row.start(run, organisation, now)? {
            any = true;
        } else {
            asked.members_mut().set(member, Value::Flag(false));
        }
    }
    Ok(any)
}

/// One request to start something: accepted, whether it had to be started or runs already.
pub async fn start(cx: &Cx<Env>, ask: &Body, schema: &Schema, run: Run) -> Result<Rendered> {
    let mut writer = Writer::new(cx, Role::CaseWrite)?;
    let sequence = Sequence::parse(ask.path.get("sequence"))?;
    let asked = ask.document(schema)?;
    let organisation = asked.text(&["organizationNumber"]).unwrap_or_default();
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
        let writes = row.change(&cx.env, kind, asked.render()?, cx.correlation, cx.now())?;
        if writer.commit(sequence, writes, &accepted).await? {
            return Ok(accepted);
        }
    }
}
