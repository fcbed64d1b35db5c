//! SQS `funder-events`: applies events from webhooks.
//!
//! An event is a hint, and the funder's answer is the status. Without an answer the status that the event reports is
//! unconfirmed: the schedule asks the funder again, whose answer replaces it. A confirmed status never goes down.

use model::proposal::Decision;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::work::row::Row;

use super::row::{EventKey, EventRow, absent};
use crate::Env;
use crate::proposal::outcome::follow_up;
use crate::proposal::{Phase, ProposalRow, decision};

pub async fn apply(cx: Cx<Env>, id: EventKey) -> Result<()> {
    let rows = cx.env.table()?;
    let mut event = EventRow::load(rows, &id).await?.ok_or_else(absent)?;
    if event.applied_at.is_some() {
        return Ok(());
    }
    let row = ProposalRow::load(rows, &event.proposal_id).await?;
    let is_signers = |row: &ProposalRow| row.funder_name == event.id.funder && row.environment == event.id.environment;
    match row.filter(is_signers) {
        Some(mut row) => {
            not_while_sending(&row)?;
            match row.status.is_final() {
                // The worker that recorded the status may have crashed before publishing its event.
                true => follow_up(&cx, &mut row).await?,
                false => hint(&cx, &mut row, &event.decision()).await?,
            }
            not_while_sending(&row)?;
        }
        None => tracing::warn!(
            funder = event.id.funder,
            environment = %event.id.environment,
            "an event is about no proposal of its funder's environment"
        ),
    }
    let write = event.apply(rows, cx.now())?;
    rows.write(vec![write]).await.map(drop)
}

/// A worker that sends the proposal is about to store its own result, so the event comes back. The lease of a worker that
/// crashed ends before the last delivery.
fn not_while_sending(row: &ProposalRow) -> Result<()> {
    match row.phase == Phase::Sending && !row.status.is_final() {
        true => Err(Error::new(Kind::Unavailable, "a worker is sending the proposal")),
        false => Ok(()),
    }
}

async fn hint(cx: &Cx<Env>, row: &mut ProposalRow, reported: &Decision) -> Result<()> {
    match decision::fetch(cx, row).await {
        Ok(Some(answer)) => {
            let is_older = answer.status.rank() < reported.status.rank();
            decision::apply(cx, row, answer).await?;
            match is_older {
                true => decision::record_event(cx, row, None).await,
                false => Ok(()),
            }
        }
        // The funder denies it, and its own event is evidence enough not to send it again.
        Ok(None) => decision::record_event(cx, row, None).await,
        Err(_) => decision::record_event(cx, row, Some(reported)).await,
    }
}
