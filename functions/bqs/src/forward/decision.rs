//! An operator's decision about a held change. `cargo xtask forward` sends it to the queue.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::port::store::{When, Write};
use serde::{Deserialize, Serialize};

use super::row::ForwardRow;
use super::upstream::{Linked, UpstreamRow};
use crate::Env;
use crate::case::refused::DocumentRefusal;
use crate::case::row::ChangeRow;
use crate::document::refusal::show_change;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeldAction {
    /// Upstream does not have the change: the forwarder sends it, again if necessary. It sends no document before it asked the
    /// scanner.
    Send,
    /// Upstream has the change or must not get it: the forwarder continues with the next one.
    Skip,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OperatorDecision {
    /// The change. If another change is held, the decision does nothing, so a repeated decision does nothing.
    pub n: u64,
    #[serde(rename = "does")]
    pub action: HeldAction,
    /// For a creation that upstream made: the case's number there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<u64>,
    pub by: String,
}

/// The record of a decision.
#[derive(Serialize)]
struct DecisionRow<'a> {
    #[serde(flatten)]
    decision: &'a OperatorDecision,
    held: &'a str,
    at: Timestamp,
    ttl: i64,
}

/// Applies a decision about the held change. True if the forwarder may continue with the case. A skipped document that has no
/// verdict is shown on the case, so that its channel can upload another.
pub async fn apply(cx: &Cx<Env>, row: &mut ForwardRow, decision: Option<&OperatorDecision>) -> Result<bool> {
    let (Some(held), Some(decision)) = (&row.held, decision) else {
        return Ok(false);
    };
    if held.n != decision.n {
        return Ok(false);
    }
    let (env, now, sequence) = (&cx.env, cx.now(), row.sequence);
    let kept = DecisionRow {
        decision,
        held: &held.reason,
        at: now,
        ttl: env.retention()?.change(now),
    };
    let at = format!("DECISION#{:016}", now.as_microsecond());
    let rows = env.table()?;
    let key = rows.key(format!("CASE#{sequence}"), &at);
    let mut writes = vec![Write::put(key, &kept, When::Absent)?];
    let skips = decision.action == HeldAction::Skip;
    if skips && row.awaits_verdict() {
        let change = ChangeRow::load(rows, sequence, decision.n).await?;
        let change = change.ok_or_else(|| Error::new(Kind::Internal, "a held change does not exist"))?;
        writes.push(show_change(cx, &change, DocumentRefusal::Unscanned).await?);
    }
    row.resume(skips, decision.upstream, now);
    writes.push(row.renew(env, now)?);
    let done = match decision.upstream {
        None => rows.write(writes).await?,
        Some(upstream) => match UpstreamRow::link(env, upstream, sequence, writes, now).await? {
            Linked::Done => true,
            Linked::Refused => false,
            Linked::Taken => return Ok(false),
        },
    };
    let busy = "another request changed a case while an operator's decision was applied";
    done.then_some(true).ok_or_else(|| Error::new(Kind::Unavailable, busy))
}
