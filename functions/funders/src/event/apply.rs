//! SQS `funder-events`: applies events from webhooks.
//!
//! An event is a hint, and the funder's answer is the status. Without an answer the status that the event reports is
//! unconfirmed: the schedule asks the funder again, whose answer replaces it. A confirmed status never goes down.

use jiff::SignedDuration;
use model::proposal::Decision;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::work::row::Row;
use runtime::work::share;

use super::row::{EventKey, EventRow};
use crate::Env;
use crate::asked::Asked;
use crate::env::EVENT_WORKERS;
use crate::proposal::outcome::follow_up;
use crate::proposal::{Phase, ProposalRow, decision};

/// An event waits this long for a worker that may ask the funder. Then it is applied without an answer.
const PLACE_WINDOW: SignedDuration = SignedDuration::from_mins(1);

pub async fn apply(cx: Cx<Env>, id: EventKey) -> Result<()> {
    let rows = cx.env.table()?;
    // The row is written before the message is sent, so without one the event was erased or has expired.
    let Some(mut event) = EventRow::load(rows, &id).await? else {
        return cx.missing("an event to apply");
    };
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
                false if hint(&cx, &mut row, &event).await? => {}
                false => return wait(&cx, &event).await,
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

/// False if other events occupy the funder's share of the workers, and this one is to be applied later.
async fn hint(cx: &Cx<Env>, row: &mut ProposalRow, event: &EventRow) -> Result<bool> {
    let reported = event.decision();
    let unanswered = match ask(cx, row).await {
        Ok(Some(Some(answer))) => {
            let is_older = answer.status.rank() < reported.status.rank();
            decision::apply(cx, row, answer).await?;
            if !is_older {
                return Ok(true);
            }
            None
        }
        // The funder denies it, and its own event is evidence enough not to send it again.
        Ok(Some(None)) => None,
        Ok(None) if cx.now().duration_since(event.received_at) < PLACE_WINDOW => return Ok(false),
        Ok(None) | Err(_) => Some(&reported),
    };
    decision::record_event(cx, row, unanswered).await?;
    Ok(true)
}

/// Asks the funder for its decision. None if other events occupy its share of the workers.
async fn ask(cx: &Cx<Env>, row: &ProposalRow) -> Result<Option<Option<Decision>>> {
    let asked = Asked::of(&cx.env, &row.funder_name, row.environment)?.single();
    let answer = asked.in_place(cx, &EVENT_WORKERS, decision::ask(cx, &asked, row));
    answer.await?.transpose()
}

async fn wait(cx: &Cx<Env>, event: &EventRow) -> Result<()> {
    let wait = share::wait(&event.id.event, cx.now().duration_since(event.received_at));
    cx.env.event_queue()?.send(&event.id, wait).await
}
