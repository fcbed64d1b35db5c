//! The schedule, every minute. It asks funders about proposals with an unknown outcome, resends lost messages, publishes
//! events that a crash left unpublished, and expires quotes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use model::Result;
use model::proposal::ProposalStatus;
use model::quote::QuoteStatus;
use runtime::Cx;
use runtime::port::metric;
use runtime::port::store::Key;
use runtime::work::due::Sweep;
use runtime::work::row::Revised;

use crate::Env;
use crate::proposal::outcome::follow_up;
use crate::proposal::submit::SubmitMessage;
use crate::proposal::{Phase, ProposalRow, decision};
use crate::quote::{QuoteRow, outcome};

/// Covers a funder's answer and the writes after it.
const TIME_FOR_ONE: Duration = Duration::from_secs(10);
/// The schedule asks about an unknown outcome for this long; then it escalates to an operator.
const UNKNOWN_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// The schedule asks for a decision for this long.
const DECISION_WINDOW: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The greatest pause between two questions, in minutes.
const MAX_PAUSE: u32 = 60;
/// After this many denials the proposal has not arrived and may be sent again.
const DENIALS_BEFORE_RESEND: u32 = 3;
/// Delays a message that is sent before its row is written.
const COMMIT_DELAY: Duration = Duration::from_secs(5);
/// A proposal that is not with its funder after this long counts as stuck.
const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(15);

pub async fn reconcile(cx: Cx<Env>) -> Result<()> {
    let (table, stuck) = (cx.env.table()?, AtomicU64::new(0));
    let due = |list| Sweep {
        table,
        list,
        clock: cx.clock,
        deadline: cx.deadline,
        time_for_one: TIME_FOR_ONE,
    };
    let (proposals, quotes) = (due(ProposalRow::DUE_LIST), due(QuoteRow::DUE_LIST));
    let (proposals, quotes) = tokio::join!(
        proposals.each(|key| check_proposal(&cx, key, &stuck)),
        quotes.each(|key| expire_quote(&cx, key))
    );
    metric::count("StuckPending", stuck.into_inner());
    proposals.and(quotes)
}

/// Adds to `stuck` if the proposal is.
async fn check_proposal(cx: &Cx<Env>, key: Key, stuck: &AtomicU64) -> Result<()> {
    let Some(mut row) = cx.env.table()?.read::<ProposalRow>(&key).await? else {
        return Ok(());
    };
    if row.status.is_final() || row.is_unannounced() {
        // The worker that recorded the status crashed before publishing its event.
        follow_up(cx, &mut row).await?;
    }
    if row.status.is_final() {
        return Ok(());
    }
    match row.phase {
        Phase::Waiting => {
            SubmitMessage { id: row.id }.send(cx, Duration::ZERO).await?;
            row.wait(cx.now(), SignedDuration::ZERO);
            save(cx, &mut row).await?;
        }
        // The sender has crashed: the row comes due only after its lease.
        Phase::Sending => {
            row.enter(Phase::Unknown, cx.now(), SignedDuration::ZERO);
            save(cx, &mut row).await?;
        }
        Phase::Unknown | Phase::Sent => ask_funder(cx, &mut row).await?,
    }
    let age = cx.now().duration_since(row.created_at);
    if (row.status == ProposalStatus::Pending || !row.is_confirmed()) && age > STUCK_AFTER {
        stuck.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

async fn ask_funder(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let answer = match decision::fetch(cx, row).await {
        Ok(Some(decision)) if row.is_changed_by(&decision) => {
            return decision::apply(cx, row, decision).await;
        }
        answer => answer,
    };
    row.checks += 1;
    if matches!(answer, Ok(None)) {
        row.denied(cx.now());
    }
    let age = cx.now().duration_since(row.phase_at);
    if row.phase == Phase::Unknown {
        if row.denials >= DENIALS_BEFORE_RESEND && !row.resent && !row.is_named {
            // The funder does not have it, so that sending it again does not make two of it.
            row.wait(cx.now(), SignedDuration::ZERO);
            row.resent = true;
            SubmitMessage { id: row.id }.send(cx, COMMIT_DELAY).await?;
            return save(cx, row).await;
        }
        if age > UNKNOWN_WINDOW {
            return escalate(cx, row).await;
        }
    }
    if row.phase == Phase::Sent && age > DECISION_WINDOW {
        row.set_idle();
        return save(cx, row).await;
    }
    // 1, 2, 4 .. minutes.
    let pause = 1_u32.checked_shl(row.checks).unwrap_or(MAX_PAUSE).min(MAX_PAUSE);
    row.enter(row.phase, cx.now(), SignedDuration::from_mins(pause.into()));
    save(cx, row).await
}

/// Puts the proposal into the dead-letter queue, for an operator to ask the funder.
async fn escalate(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let message = SubmitMessage { id: row.id };
    cx.env.escalate(&message, "outcome unknown for 24 hours").await?;
    row.set_idle();
    save(cx, row).await
}

/// A refused write needs no repetition: another worker has changed the row, which is due again if there is more to do.
async fn save(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    row.save(cx.env.table()?, cx.now()).await.map(drop)
}

async fn expire_quote(cx: &Cx<Env>, key: Key) -> Result<()> {
    let Some(mut row) = cx.env.table()?.read::<QuoteRow>(&key).await? else {
        return Ok(());
    };
    if row.status_at(cx.now()) != QuoteStatus::Expired {
        return Ok(());
    }
    if row.status == QuoteStatus::Expired {
        // An earlier run recorded it and crashed before publishing its event.
        return outcome::announce(cx, &mut row).await;
    }
    row.expired();
    match row.save(cx.env.table()?, cx.now()).await? {
        true => outcome::announce(cx, &mut row).await,
        false => Ok(()),
    }
}
