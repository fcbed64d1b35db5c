//! SQS `funder-events`: applies what a webhook brought.
//!
//! The funder is asked what it says now, since that is surer than what a message said when it was sent; where it does not
//! answer, the signed message is believed. Either can only lead a proposal on.

use garde::Validate;
use model::Result;
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::row::{EventRow, unknown};
use crate::Env;
use crate::proposal::{ProposalRow, apply as decide, decision};

/// A message: which event.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct News {
    #[garde(length(max = 40))]
    pub funder: String,
    #[garde(length(max = 255))]
    pub event: String,
}

pub async fn apply(cx: Cx<Env>, message: News) -> Result<()> {
    let env = &cx.env;
    let mut event = EventRow::load(env, &message.funder, &message.event)
        .await?
        .ok_or_else(unknown)?;
    if event.applied_at.is_some() {
        return Ok(());
    }
    let row = ProposalRow::load(env, event.proposal_id).await?;
    match row.filter(|row| row.funder_name == event.funder_name) {
        Some(mut row) => {
            let said = match row.status.is_final() {
                true => None,
                false => decision(&cx, &row).await.ok().flatten(),
            };
            let told = event.decision();
            let surer = said.filter(|said| said.status.rank() >= told.status.rank());
            decide(&cx, &mut row, surer.unwrap_or(told)).await?;
        }
        None => tracing::warn!(funder = event.funder_name, "an event is about no proposal of ours"),
    }
    let write = event.apply(env, cx.now())?;
    env.store().write(vec![write]).await.map(drop)
}
