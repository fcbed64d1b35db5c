//! SQS `bqs-forward`: sends a case's changes on to the BQS behind us, one after the other, each once.
//!
//! A message only wakes: what is to be sent stands in the case's rows, and how far it has come in one beside them, which
//! one worker at a time has. That a change is being sent is written down before its first byte leaves. Whoever finds it
//! written down by somebody who is gone sends it again under the same key, where upstream honours keys; else nobody but an
//! operator can know, and the case is held.

mod courier;
mod decision;
pub mod row;
#[cfg(test)]
mod tests;

use std::time::Duration;

use garde::Validate;
use model::Result;
use runtime::{Cx, metric};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::courier::Courier;
use self::decision::Decision;
use self::row::ForwardRow;
use crate::Env;
use crate::case::row::{ChangeRow, Sequence};
use crate::document::arrive;

/// A message: a case to look at, and what to do with it beside that.
#[derive(Clone, Debug, Serialize, Deserialize, Validate)]
pub struct Wake {
    #[garde(skip)]
    pub sequence: Sequence,
    /// A document of it that may have been uploaded by now.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Uuid>,
    /// What an operator decided about the change that is held.
    #[garde(skip)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

impl Wake {
    pub fn of(sequence: Sequence) -> Self {
        Self {
            sequence,
            upload: None,
            decision: None,
        }
    }
}

/// A message may come so much before the time it was meant for.
const EARLY: Duration = Duration::from_secs(5);

pub async fn forward(cx: Cx<Env>, wake: Wake) -> Result<()> {
    if let Some(id) = wake.upload {
        arrive::arrive(&cx, wake.sequence, id).await?;
    }
    let Some(target) = cx.env.upstream()? else {
        return Ok(());
    };
    let mut row = ForwardRow::load(&cx.env, wake.sequence, cx.now()).await?;
    if row.held.is_some() && !decision::apply(&cx, &mut row, wake.decision.as_ref()).await? {
        alarm();
        return Ok(());
    }
    if let Some(left) = row.rests_for(cx.now()) {
        // The message that was sent for then does it, unless this is it.
        return if left > EARLY {
            Ok(())
        } else {
            look_again(&cx, wake.sequence, left).await
        };
    }
    if let Some(left) = row.taken_for(cx.now()) {
        return look_again(&cx, wake.sequence, left).await;
    }
    let next = ChangeRow::load(&cx.env, wake.sequence, row.forwarded_through + 1).await?;
    let Some(next) = next else { return Ok(()) };
    let done = Courier::new(&cx, target, row)?.carry(next).await;
    cx.env.outbound.tracer.flush().await;
    done
}

/// Wakes somebody in a while, a second late rather than early.
async fn look_again(cx: &Cx<Env>, sequence: Sequence, after: Duration) -> Result<()> {
    let after = after.saturating_add(Duration::from_secs(1));
    cx.env.forward_queue()?.send(&Wake::of(sequence), after).await
}

/// Somebody has to look at a case.
fn alarm() {
    metric::count("ForwardHeld", 1);
}
