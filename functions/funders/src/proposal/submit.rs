//! SQS `proposal-submit`: the only sender of proposals.
//!
//! A proposal costs its customer a credit search, so it is never sent while an earlier sending may have arrived. That it is
//! being sent is written down before the first byte leaves; whoever finds it written down by somebody who is gone asks the
//! funder instead of sending.

use garde::Validate;
use jiff::SignedDuration;
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use model::{Error, Kind, Result};
use runtime::store::Outcome as Written;
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::applied::{CHECK, apply, usable};
use super::documents;
use super::outcome::{follow_up, release};
use super::row::{ProposalRow, Stage};
use crate::Env;
use crate::pace::delay;
use crate::quote::pricing;

/// A message: which proposal.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct Submission {
    #[garde(skip)]
    pub id: ProposalId,
}

/// Whoever began to send is gone after this: no function lives longer.
pub const GONE: SignedDuration = SignedDuration::from_secs(90);
/// What does not arrive is sent for so long after it was asked for.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
pub async fn submit(cx: Cx<Env>, message: Submission) -> Result<()> {
    let Some(mut row) = ProposalRow::load(&cx.env, message.id).await? else {
        // The message of a call that never came to its commit is left over; a first delivery may only be early.
        let early = Error::new(Kind::Unavailable, "a proposal to submit is not there yet");
        return if cx.deliveries > 1 { Ok(()) } else { Err(early) };
    };
    if row.status != ProposalStatus::Pending {
        return follow_up(&cx, &mut row).await;
    }
    match row.stage {
        Stage::Waiting => send(&cx, row).await,
        Stage::Sending if cx.now().duration_since(row.stage_at) > GONE => {
            row.stage(Stage::Unknown, cx.now(), CHECK);
            write(&cx, &mut row).await.map(drop)
        }
        Stage::Sending => Err(Error::new(Kind::Unavailable, "somebody else is sending this proposal")),
        // Nobody asks after it any more, and an operator has put its message back: it is asked after anew.
        Stage::Unknown if row.rests() => {
            row.stage(Stage::Unknown, cx.now(), SignedDuration::ZERO);
            write(&cx, &mut row).await.map(drop)
        }
        // The schedule asks after it.
        Stage::Unknown | Stage::Sent => follow_up(&cx, &mut row).await,
    }
}

async fn send(cx: &Cx<Env>, mut row: ProposalRow) -> Result<()> {
    let env = &cx.env;
    let funder = pricing::known(&row.funder_name)?;
    let target = env.target(funder, row.environment)?;
    let policy = env.policy(funder)?.single();
    let kept = row.documents.clone();
    let (listed, papers) = tokio::join!(follow_up(cx, &mut row), documents::load(env, &kept));
    listed?;
    let proposal = row.proposal(papers?)?;
    let call = match funder.propose(&proposal) {
        Ok(call) => call,
        // No repetition makes it one that can be sent.
        Err(error) => return fail(cx, row, &error).await,
    };
    row.attempt += 1;
    row.stage(Stage::Sending, cx.now(), GONE);
    if !write(cx, &mut row).await? {
        return Ok(());
    }
    let trip = cx.trip(row.correlation_id);
    let read = |answer: &_| funder.proposed(&proposal, answer).and_then(usable);
    let answer = env.outbound.exchange(&target, &policy, trip, &call, read).await;
    settle(cx, row, answer, policy.enabled).await
}

/// What became of a sending. What did not arrive is sent again only where retries are on.
async fn settle(cx: &Cx<Env>, mut row: ProposalRow, answer: Result<Decision>, again: bool) -> Result<()> {
    let now = cx.now();
    let error = match answer {
        Ok(decision) => {
            let (applied, ()) = tokio::join!(apply(cx, &mut row, decision), cx.env.outbound.tracer.flush());
            return applied;
        }
        Err(error) => error,
    };
    match error.kind {
        // It understood and said no.
        Kind::PartnerRejected | Kind::PartnerAuth => fail(cx, row, &error).await,
        // It never arrived, or was turned away at the door.
        Kind::PartnerUnreachable | Kind::PartnerThrottled => {
            let wait = delay(row.attempt).max(error.retry_after.unwrap_or_default());
            let next = now.saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
            if !again || next > row.created_at.saturating_add(WINDOW).unwrap_or(jiff::Timestamp::MAX) {
                return fail(cx, row, &error).await;
            }
            row.wait(now, SignedDuration::try_from(wait).unwrap_or_default());
            if write(cx, &mut row).await? {
                cx.env.proposal_queue()?.send(&Submission { id: row.id }, wait).await?;
            }
            Ok(())
        }
        // Before anything left: the message comes back.
        Kind::Misconfigured | Kind::Unavailable | Kind::Internal => {
            row.wait(now, SignedDuration::ZERO);
            write(cx, &mut row).await?;
            Err(error)
        }
        // It may have arrived.
        _ => {
            row.stage(Stage::Unknown, now, CHECK);
            write(cx, &mut row).await.map(drop)
        }
    }
}

/// It came to nothing, and the quote is free again.
async fn fail(cx: &Cx<Env>, mut row: ProposalRow, error: &Error) -> Result<()> {
    row.failed(error, cx.now());
    let write = row.replace(&cx.env, cx.now())?;
    let (released, ()) = tokio::join!(release(cx, write, row.quote_id, row.id), cx.env.outbound.tracer.flush());
    released?;
    follow_up(cx, &mut row).await
}

/// Whether the row was still as it was read: if not, somebody else has moved it on.
async fn write(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<bool> {
    let write = row.replace(&cx.env, cx.now())?;
    let (written, ()) = tokio::join!(cx.env.store().write(vec![write]), cx.env.outbound.tracer.flush());
    Ok(written? == Written::Done)
}
