//! What an operator decides about a change that is held: `cargo xtask forward` sends it to the queue.

use jiff::Timestamp;
use model::Result;
use runtime::store::{Key, Outcome, When, Write};
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::row::{ForwardRow, UpstreamRow};
use crate::Env;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Does {
    /// Upstream does not have it: it is sent, once more if need be.
    Send,
    /// Upstream has it, or shall never have it: the changes after it are sent.
    Skip,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// The change. A decision about another one than is held does nothing, so that one is made once.
    pub n: u64,
    pub does: Does,
    /// The number of the case upstream, of a creation that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<u64>,
    pub by: String,
}

/// Kept for whoever asks later.
#[derive(Serialize)]
struct DecisionRow<'a> {
    #[serde(flatten)]
    decision: &'a Decision,
    held: &'a str,
    at: Timestamp,
}

/// Whether the case goes on.
pub async fn apply(cx: &Cx<Env>, row: &mut ForwardRow, decision: Option<&Decision>) -> Result<bool> {
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
    };
    let at = format!("DECISION#{:016}", now.as_microsecond());
    let key = Key::new(env.table()?, format!("CASE#{sequence}"), Some(&at));
    let mut writes = vec![Write::put(key, &kept, When::Absent)?];
    if let Some(upstream) = decision.upstream
        && !UpstreamRow::claim(env, upstream, sequence, now).await?
    {
        return Ok(false);
    }
    row.decided(decision.does == Does::Skip, decision.upstream);
    writes.push(row.replace(env, now)?);
    Ok(env.store().write(writes).await? == Outcome::Done)
}
