//! The schedule, every minute: asks funders for proposals nobody is sure of, sends on what was left lying, and ends quotes
//! whose time is over.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use jiff::SignedDuration;
use model::proposal::ProposalStatus;
use model::quote::QuoteStatus;
use model::{Error, Kind, Result};
use runtime::due::now_due;
use runtime::store::{Key, Outcome, typed};
use runtime::{Cx, Domain, metric};
use tokio::time::Instant;

use crate::Env;
use crate::proposal::submit::Submission;
use crate::proposal::{ProposalRow, Stage, apply, decision, follow_up};
use crate::quote::{QuoteRow, outcome};

/// What a funder may take to answer, and writing down what it said. Later rows are still due in a minute.
const WORTHWHILE: Duration = Duration::from_secs(10);
/// How many rows are worked on at once.
const ABREAST: usize = 8;
/// An unknown outcome is asked after for so long; then it is an operator's.
const UNKNOWN: SignedDuration = SignedDuration::from_hours(24);
/// A decision is waited for so long.
const UNDECIDED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The longest pause between two questions.
const LONGEST: u32 = 60;
/// A funder that says so often that it has no such proposal is believed: it may be sent again.
const DENIALS: u32 = 3;
/// A proposal that is not with its funder after this long is worth somebody's look.
const STUCK: SignedDuration = SignedDuration::from_mins(15);

pub async fn reconcile(cx: Cx<Env>) -> Result<()> {
    let (store, table) = (cx.env.store().as_ref(), cx.env.table()?);
    let (proposals, quotes) = tokio::join!(
        now_due(store, table, ProposalRow::DUE, cx.now()),
        now_due(store, table, QuoteRow::DUE, cx.now())
    );
    let proposals = iter(proposals?)
        .map(|key| proposal(&cx, key))
        .buffer_unordered(ABREAST)
        .collect::<Vec<Result<bool>>>();
    let quotes = iter(quotes?)
        .map(|key| expire(&cx, key))
        .buffer_unordered(ABREAST)
        .collect::<Vec<Result<()>>>();
    let (proposals, quotes) = tokio::join!(proposals, quotes);
    let stuck = proposals.iter().filter(|one| matches!(one, Ok(true))).count();
    metric::count("StuckPending", stuck.try_into().unwrap_or(u64::MAX));
    let failures = proposals.into_iter().map(|one| one.map(drop)).chain(quotes);
    // One row's trouble is no other's; the last is reported, and all are still due.
    failures.filter(Result::is_err).last().unwrap_or(Ok(()))
}

/// Whether the proposal has been pending for too long.
async fn proposal(cx: &Cx<Env>, key: Key) -> Result<bool> {
    if cx.deadline.saturating_duration_since(Instant::now()) < WORTHWHILE {
        return Ok(false);
    }
    let Some(mut row) = cx.env.read::<ProposalRow>(&key).await? else {
        return Ok(false);
    };
    if row.status.is_final() || row.is_news() {
        // Whoever wrote it down did not come to telling it.
        follow_up(cx, &mut row).await?;
    }
    if row.status.is_final() {
        return Ok(false);
    }
    match row.stage {
        Stage::Waiting => {
            cx.env
                .proposal_queue()?
                .send(&Submission { id: row.id }, Duration::ZERO)
                .await?;
            row.wait(cx.now(), SignedDuration::ZERO);
            save(cx, &mut row).await?;
        }
        // Whoever was sending it is gone, or it would not be due.
        Stage::Sending => {
            row.stage(Stage::Unknown, cx.now(), SignedDuration::ZERO);
            save(cx, &mut row).await?;
        }
        Stage::Unknown | Stage::Sent => ask(cx, &mut row).await?,
    }
    let age = cx.now().duration_since(row.created_at);
    Ok(row.status == ProposalStatus::Pending && age > STUCK)
}

async fn ask(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let said = match decision(cx, row).await {
        Ok(Some(decision)) if decision.status.rank() > row.status.rank() => {
            return apply(cx, row, decision).await;
        }
        said => said,
    };
    row.checks += 1;
    row.denials += u32::from(matches!(said, Ok(None)));
    let age = cx.now().duration_since(row.stage_at);
    if row.stage == Stage::Unknown {
        if row.denials >= DENIALS && !row.resent {
            // It never arrived. Nobody has it, so sending it does not make it two.
            row.wait(cx.now(), SignedDuration::ZERO);
            row.resent = true;
            cx.env
                .proposal_queue()?
                .send(&Submission { id: row.id }, Duration::from_secs(5))
                .await?;
            return save(cx, row).await;
        }
        if age > UNKNOWN {
            return hand_over(cx, row).await;
        }
    }
    if row.stage == Stage::Sent && age > UNDECIDED {
        row.rest();
        return save(cx, row).await;
    }
    // 1, 2, 4 .. minutes.
    let pause = 1_u32.checked_shl(row.checks).unwrap_or(LONGEST).min(LONGEST);
    row.stage(row.stage, cx.now(), SignedDuration::from_mins(pause.into()));
    save(cx, row).await
}

/// Nobody could say what became of it: an operator has to find out, from the dead-letter queue.
async fn hand_over(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let dead = cx.env.dead_letters();
    let dead = dead.ok_or_else(|| Error::misconfigured("DEAD_LETTER_QUEUE_URL is not set"))?;
    let body = serde_json::to_string(&Submission { id: row.id })
        .map_err(|error| Error::new(Kind::Internal, "a message").because(error))?;
    dead.sender
        .send(&dead.url, body, Duration::ZERO, Some("outcome unknown for 24 hours"))
        .await?;
    row.rest();
    save(cx, row).await
}

/// Somebody else's change is as good as ours: the row is due again, or it need not be.
async fn save(cx: &Cx<Env>, row: &mut ProposalRow) -> Result<()> {
    let write = row.replace(&cx.env, cx.now())?;
    match cx.env.store().write(vec![write]).await? {
        Outcome::Done | Outcome::Refused(_) => Ok(()),
    }
}

async fn expire(cx: &Cx<Env>, key: Key) -> Result<()> {
    let Some(item) = cx.env.store().get(&key, true).await? else {
        return Ok(());
    };
    let mut row: QuoteRow = typed(item)?;
    if row.status_at(cx.now()) != QuoteStatus::Expired {
        return Ok(());
    }
    if row.status == QuoteStatus::Expired {
        // Whoever wrote it down did not come to telling it.
        return outcome::announce(cx, &mut row).await;
    }
    row.expired();
    let write = row.replace(&cx.env, cx.now())?;
    match cx.env.store().write(vec![write]).await? {
        Outcome::Done => outcome::announce(cx, &mut row).await,
        Outcome::Refused(_) => Ok(()),
    }
}
