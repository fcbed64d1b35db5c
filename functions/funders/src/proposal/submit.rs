//! SQS `proposal-submit`: the only sender of proposals.
//!
//! A proposal costs its customer a credit search, so it is never sent while an earlier attempt may have arrived. A worker
//! records that it is sending before the first byte leaves. A worker that finds such a record of a crashed worker asks the
//! funder instead of sending.

use std::time::Duration;

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::transport::{CallContext, Conclusion};
use runtime::work::lease::Lease;
use runtime::work::row::{Revised, Row};
use runtime::work::share;
use serde::{Deserialize, Serialize};

use super::clearance::{self, ProposalClearance};
use super::decision::{FIRST_CHECK, apply, conclude, usable};
use super::documents;
use super::outcome::{follow_up, release};
use super::row::{Phase, ProposalRow};
use crate::Env;
use crate::asked::Asked;
use crate::backoff::delay;
use crate::env::PROPOSAL_WORKERS;

/// A message: the proposal to send.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct SubmitMessage {
    #[garde(skip)]
    pub id: ProposalId,
}

impl SubmitMessage {
    pub async fn send(self, cx: &Cx<Env>, wait: Duration) -> Result<()> {
        cx.env.proposal_queue()?.send(&self, wait).await
    }
}

/// A worker that began to send has finished or crashed after this: no function runs longer.
const SENDER_LEASE: Duration = Duration::from_secs(90);
/// Attempts to reach the funder go on for this long after the proposal was requested; then it has failed.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_mins(15);

pub async fn submit(cx: Cx<Env>, message: SubmitMessage) -> Result<()> {
    let Some(mut row) = ProposalRow::load(cx.env.table()?, &message.id).await? else {
        return cx.missing("a proposal to submit");
    };
    if row.status != ProposalStatus::Pending {
        return follow_up(&cx, &mut row).await;
    }
    match row.phase {
        Phase::Waiting => clear(&cx, row).await,
        Phase::Sending if !Lease::since(row.phase_at, SENDER_LEASE).is_held(cx.now()) => {
            row.enter(Phase::Unknown, cx.now(), FIRST_CHECK);
            write(&cx, &mut row).await.map(drop)
        }
        Phase::Sending => Err(Error::new(Kind::Unavailable, "another worker is sending this proposal")),
        // The schedule has given up, and an operator has put the message back: the schedule asks again.
        Phase::Unknown if row.is_idle() => {
            row.enter(Phase::Unknown, cx.now(), SignedDuration::ZERO);
            write(&cx, &mut row).await.map(drop)
        }
        // The schedule asks the funder.
        Phase::Unknown | Phase::Sent => follow_up(&cx, &mut row).await,
    }
}

/// Sends the proposal if all its documents are clean. The scanner is asked before a worker occupies a place of the funder's share.
async fn clear(cx: &Cx<Env>, mut row: ProposalRow) -> Result<()> {
    let documents = row.documents.clone();
    match ProposalClearance::of(&cx.env, &documents).await? {
        ProposalClearance::Unscanned => wait_for_scan(cx, row).await,
        ProposalClearance::Infected(infected) => {
            tracing::warn!(proposal = %row.id, documents = infected.len(), "documents of a proposal have malware");
            fail(cx, row, &clearance::refusal(&infected)).await?;
            clearance::delete(&cx.env, &infected).await
        }
        // It was held, and an operator has put its message back.
        ProposalClearance::Clean if row.is_idle() => {
            row.wait_anew(cx.now());
            match write(cx, &mut row).await? {
                true => send(cx, row).await,
                false => Ok(()),
            }
        }
        ProposalClearance::Clean => send(cx, row).await,
    }
}

/// Sends the proposal back to the queue until its documents have verdicts, or holds it for an operator.
async fn wait_for_scan(cx: &Cx<Env>, mut row: ProposalRow) -> Result<()> {
    follow_up(cx, &mut row).await?;
    let message = SubmitMessage { id: row.id };
    let Some(pause) = clearance::pause(row.phase_at, cx.now()) else {
        cx.env.escalate(&message, clearance::HELD).await?;
        row.set_idle();
        return write(cx, &mut row).await.map(drop);
    };
    // The schedule sends a message of its own only if this one gets lost.
    row.wait(cx.now(), SignedDuration::try_from(pause).unwrap_or_default());
    match write(cx, &mut row).await? {
        true => message.send(cx, pause).await,
        false => Ok(()),
    }
}

/// Sends the proposal in a place of its funder's share of the workers, which is taken before the row says so.
async fn send(cx: &Cx<Env>, row: ProposalRow) -> Result<()> {
    let asked = Asked::of(&cx.env, &row.funder_name, row.environment)?.single();
    let attempt = attempt(cx, &asked, row.clone());
    match asked.in_place(cx, &PROPOSAL_WORKERS, attempt).await? {
        Some(attempted) => attempted,
        None => wait(cx, row).await,
    }
}

/// Sends the proposal back to the queue: others occupy the funder's share of the workers.
async fn wait(cx: &Cx<Env>, mut row: ProposalRow) -> Result<()> {
    let wait = share::wait(row.id.as_uuid(), cx.now().duration_since(row.phase_at));
    // A proposal that is sent again because the funder denied it was requested long ago.
    if ends_before(cx, row.phase_at, wait) {
        let why = "other proposals occupy the funder's share of the workers";
        return fail(cx, row, &Error::new(Kind::Unavailable, why)).await;
    }
    follow_up(cx, &mut row).await?;
    SubmitMessage { id: row.id }.send(cx, wait).await
}

async fn attempt(cx: &Cx<Env>, asked: &Asked, mut row: ProposalRow) -> Result<()> {
    let env = &cx.env;
    let stored = row.documents.clone();
    let (listed, documents) = tokio::join!(follow_up(cx, &mut row), documents::load(env, &stored));
    listed?;
    let proposal = row.proposal(documents?)?;
    let call = match asked.funder.propose(&proposal) {
        Ok(call) => call.about(row.id),
        // Another attempt would fail in the same way.
        Err(error) => return fail(cx, row, &error).await,
    };
    row.attempt += 1;
    row.enter(Phase::Sending, cx.now(), SENDER_LEASE.try_into().unwrap_or_default());
    if !write(cx, &mut row).await? {
        return Ok(());
    }
    let read = |answer: &_| asked.funder.proposed(&proposal, answer).and_then(usable);
    let context = CallContext {
        failed_before: row.failed_attempts,
        ..cx.call_context(row.correlation_id)
    };
    let answer = asked.exchange(env, context, &call, read).await;
    row.failed_attempts += asked.failed();
    settle(cx, row, answer, asked.policy.enabled).await
}

/// Records the result of an attempt. A proposal that did not arrive is sent again only where retries are on.
async fn settle(cx: &Cx<Env>, mut row: ProposalRow, answer: Result<Decision>, retries: bool) -> Result<()> {
    let now = cx.now();
    let error = match answer {
        Ok(decision) => {
            conclude(&cx.env, &row, Conclusion::ProposalSubmitted, now);
            let (applied, ()) = tokio::join!(apply(cx, &mut row, decision), cx.env.outbound.tracer.flush());
            return applied;
        }
        Err(error) => error,
    };
    match error.kind {
        // The funder understood the proposal and refused it.
        Kind::PartnerRejected | Kind::PartnerAuth => fail(cx, row, &error).await,
        // It did not arrive, or the funder refused to look at it.
        Kind::PartnerUnreachable | Kind::PartnerThrottled => {
            let wait = delay(row.attempt).max(error.retry_after.unwrap_or_default());
            if !retries || ends_before(cx, row.created_at, wait) {
                return fail(cx, row, &error).await;
            }
            row.wait(now, SignedDuration::try_from(wait).unwrap_or_default());
            if write(cx, &mut row).await? {
                SubmitMessage { id: row.id }.send(cx, wait).await?;
            }
            Ok(())
        }
        // The hub's own failure, before anything left: the message comes back.
        Kind::Misconfigured | Kind::Unavailable | Kind::Internal => {
            row.wait(now, SignedDuration::ZERO);
            write(cx, &mut row).await?;
            Err(error)
        }
        // It may have arrived.
        _ => {
            row.enter(Phase::Unknown, now, FIRST_CHECK);
            write(cx, &mut row).await.map(drop)
        }
    }
}

/// Whether the window that began at `from` has ended that long from now.
fn ends_before(cx: &Cx<Env>, from: Timestamp, wait: Duration) -> bool {
    let next = cx.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    let end = from.saturating_add(RETRY_WINDOW).unwrap_or(Timestamp::MAX);
    next > end
}

/// Fails the proposal and frees its quote.
async fn fail(cx: &Cx<Env>, mut row: ProposalRow, error: &Error) -> Result<()> {
    row.failed(error, cx.now());
    conclude(&cx.env, &row, Conclusion::ProposalFailed, cx.now());
    let write = row.replace(cx.env.table()?, cx.now())?;
    let (released, ()) = tokio::join!(release(cx, write, row.quote_id, row.id), cx.env.outbound.tracer.flush());
    released?;
    follow_up(cx, &mut row).await
}

/// Whether the row was still as it was read. If not, another worker has taken over.
async fn write(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<bool> {
    let (written, ()) = tokio::join!(row.save(cx.env.table()?, cx.now()), cx.env.outbound.tracer.flush());
    written
}
