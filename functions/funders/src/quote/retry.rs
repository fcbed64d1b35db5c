//! SQS `quote-retry`: goes on with a quote in the background, one attempt per message; and `quote-follow-up`: the first look at
//! a new quote, which calls no funder.
//!
//! An attempt takes a place of its funder's share of the workers, so that a silent funder leaves workers to the others.

use std::time::Duration;

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::id::QuoteId;
use model::quote::QuoteStatus;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::transport::CallContext;
use runtime::work::lease::Lease;
use runtime::work::row::{Revised, Row};
use runtime::work::share;
use serde::{Deserialize, Serialize};

use super::outcome::follow_up;
use super::pricing::{self, PricingResult, is_transient, settle};
use super::row::{QuoteRow, StoredFailure};
use crate::Env;
use crate::asked::Asked;
use crate::backoff::delay;
use crate::env::QUOTE_WORKERS;

/// A message: a quote, and the number of the attempt to make. Number 0 is the first look.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct RetryMessage {
    #[garde(skip)]
    pub id: QuoteId,
    #[garde(skip)]
    pub attempt: u32,
}

impl RetryMessage {
    /// For the quote's next attempt.
    pub fn of(row: &QuoteRow) -> Self {
        Self {
            id: row.id,
            attempt: row.attempt,
        }
    }

    pub fn first_look(row: &QuoteRow) -> Self {
        Self { id: row.id, attempt: 0 }
    }
}

/// When a worker first looks at a new quote: most are priced by then.
pub const FIRST_LOOK_DELAY: Duration = Duration::from_secs(5);
/// Attempts go on for this long after the quote was requested; then it has failed.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// Until a quote is this old, the HTTP call that made it may still be pricing it.
const REQUEST_LEASE: Duration = Duration::from_secs(30);

/// Follows a new quote up, and sends its first attempt if the call that made it has left it pending.
pub async fn first_look(cx: Cx<Env>, message: RetryMessage) -> Result<()> {
    let Some(mut row) = QuoteRow::load(cx.env.table()?, &message.id).await? else {
        return cx.missing("a quote to follow up");
    };
    let request = Lease::since(row.created_at, REQUEST_LEASE);
    let rest = request.left(cx.now()).unwrap_or_default();
    let is_pending = row.status == QuoteStatus::Pending;
    follow_up(&cx, &mut row).await?;
    match is_pending {
        true => send_next(&cx, &row, rest).await,
        false => Ok(()),
    }
}

pub async fn retry(cx: Cx<Env>, message: RetryMessage) -> Result<()> {
    // From before the first look had a queue of its own.
    if message.attempt == 0 {
        return first_look(cx, message).await;
    }
    let Some(mut row) = QuoteRow::load(cx.env.table()?, &message.id).await? else {
        return cx.missing("a quote to retry");
    };
    if row.status != QuoteStatus::Pending {
        return follow_up(&cx, &mut row).await;
    }
    if row.attempt != message.attempt {
        // A repeated delivery, after this attempt was recorded: the crash may have lost the next message.
        let orphaned = cx.deliveries > 1 && row.attempt == message.attempt + 1;
        return if orphaned {
            send_next(&cx, &row, delay(row.attempt)).await
        } else {
            Ok(())
        };
    }
    if message.attempt == 1 {
        // An asynchronous quote has no first look, and is listed here while it waits.
        follow_up(&cx, &mut row).await?;
    }
    attempt(&cx, row).await
}

async fn attempt(cx: &Cx<Env>, row: QuoteRow) -> Result<()> {
    let asked = Asked::of(&cx.env, &row.funder_name, row.environment)?.single();
    let request = row.request()?;
    let context = CallContext {
        failed_before: row.failed_attempts,
        ..cx.call_context(row.correlation_id)
    };
    let price = pricing::price(&cx.env, &asked, &row, &request, context);
    match asked.in_place(cx, &QUOTE_WORKERS, price).await? {
        Some(result) => record(cx, row, result).await,
        None => wait(cx, row).await,
    }
}

/// Sends the same attempt back to the queue: other quotes occupy the funder's share of the workers.
async fn wait(cx: &Cx<Env>, mut row: QuoteRow) -> Result<()> {
    let wait = share::wait(row.id.as_uuid(), cx.now().duration_since(row.created_at));
    if ends_before(cx, &row, wait) {
        let occupied = || {
            Error::new(
                Kind::Unavailable,
                "other quotes occupy the funder's share of the workers",
            )
        };
        let error = row.last_error.as_ref().map_or_else(occupied, StoredFailure::to_error);
        row.failed(&error, cx.now());
        return settled(cx, &mut row).await;
    }
    send_next(cx, &row, wait).await
}

async fn record(cx: &Cx<Env>, mut row: QuoteRow, result: PricingResult) -> Result<()> {
    match result.price {
        Err(error) if is_transient(&error) => {
            row.progress = result.progress;
            row.failed_attempts += result.failed;
            row.last_error = Some(StoredFailure::of(&error));
            let wait = delay(row.attempt + 1).max(error.retry_after.unwrap_or_default());
            if ends_before(cx, &row, wait) {
                row.failed(&error, cx.now());
                return settled(cx, &mut row).await;
            }
            row.attempt += 1;
            if write(cx, &mut row).await? {
                send_next(cx, &row, wait).await
            } else {
                Ok(())
            }
        }
        // The hub's own failure decides nothing about the quote: the message comes back.
        Err(error) if is_internal(&error) => {
            cx.env.outbound.tracer.flush().await;
            Err(error)
        }
        price => {
            // A refused quote is a result, not a failure of this worker.
            let _ = settle(&mut row, price, cx.now());
            settled(cx, &mut row).await
        }
    }
}

/// Whether no further attempt is made that long from now.
fn ends_before(cx: &Cx<Env>, row: &QuoteRow, wait: Duration) -> bool {
    let next = cx.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
    let end = row.created_at.saturating_add(RETRY_WINDOW).unwrap_or(Timestamp::MAX);
    next > end
}

async fn settled(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<()> {
    pricing::conclude(&cx.env, row, cx.now());
    if write(cx, row).await? {
        return follow_up(cx, row).await;
    }
    Ok(())
}

fn is_internal(error: &Error) -> bool {
    matches!(error.kind, Kind::Misconfigured | Kind::Unavailable | Kind::Internal)
}

/// Whether the row was still as it was read. If not, another worker has taken over and there is nothing left to do.
async fn write(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<bool> {
    let (written, ()) = tokio::join!(row.save(cx.env.table()?, cx.now()), cx.env.outbound.tracer.flush());
    written
}

async fn send_next(cx: &Cx<Env>, row: &QuoteRow, wait: Duration) -> Result<()> {
    cx.env.retry_queue()?.send(&RetryMessage::of(row), wait).await
}
