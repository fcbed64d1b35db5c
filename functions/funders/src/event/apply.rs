//! SQS `funder-events`: applies events from webhooks.
//!
//! The worker asks the funder first, because its answer is newer than the event. Without an answer it believes the signed
//! event. A status never goes down, whichever of the two comes first.

use garde::Validate;
use model::Result;
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::row::{EventRow, absent};
use crate::Env;
use crate::proposal::{ProposalRow, decision};

/// A message: the event to apply.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct EventMessage {
    #[garde(length(max = 40))]
    pub funder: String,
    #[garde(length(max = 255))]
    pub event: String,
}

pub async fn apply(cx: Cx<Env>, message: EventMessage) -> Result<()> {
    let env = &cx.env;
    let mut event = EventRow::load(env, &message.funder, &message.event)
        .await?
        .ok_or_else(absent)?;
    if event.applied_at.is_some() {
        return Ok(());
    }
    let row = ProposalRow::load(env, event.proposal_id).await?;
    match row.filter(|row| row.funder_name == event.funder_name) {
        Some(mut row) => {
            let answer = match row.status.is_final() {
                true => None,
                false => decision::fetch(&cx, &row).await.ok().flatten(),
            };
            let reported = event.decision();
            let newer = answer.filter(|answer| answer.status.rank() >= reported.status.rank());
            decision::apply(&cx, &mut row, newer.unwrap_or(reported)).await?;
        }
        None => tracing::warn!(funder = event.funder_name, "an event is about no proposal of ours"),
    }
    let write = event.apply(env, cx.now())?;
    env.store().write(vec![write]).await.map(drop)
}
