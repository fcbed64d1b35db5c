//! SQS `quote-retry`: goes on with a quote that its caller was not kept waiting for, one attempt per message.

use std::time::Duration;

use garde::Validate;
use jiff::SignedDuration;
use model::id::QuoteId;
use model::quote::QuoteStatus;
use model::{Error, Kind, Result};
use runtime::store::Outcome as Written;
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};

use super::outcome::follow_up;
use super::pricing::{self, passing, settle};
use super::row::QuoteRow;
use crate::Env;
use crate::pace::delay;

/// A message: which quote, and which of its attempts. The zeroth only looks.
#[derive(Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct Attempt {
    #[garde(skip)]
    pub id: QuoteId,
    #[garde(skip)]
    pub attempt: u32,
}

/// A quote not priced this long after it was asked for has failed.
const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// When a worker first looks at a new quote: most are priced by then.
pub const WATCH: Duration = Duration::from_secs(5);
/// Until a quote is this old, the call that made it may still be at work.
const OURS: SignedDuration = SignedDuration::from_secs(30);

pub async fn retry(cx: Cx<Env>, message: Attempt) -> Result<()> {
    let Some(mut row) = QuoteRow::load(&cx.env, message.id).await? else {
        // The message of a call that never came to its commit is left over; a first delivery may only be early.
        let early = Error::new(Kind::Unavailable, "a quote to retry is not there yet");
        return if cx.deliveries > 1 { Ok(()) } else { Err(early) };
    };
    if row.status != QuoteStatus::Pending {
        return follow_up(&cx, &mut row).await;
    }
    if message.attempt == 0 {
        let age = cx.now().duration_since(row.created_at);
        let rest = Duration::try_from(OURS - age).unwrap_or_default();
        follow_up(&cx, &mut row).await?;
        return send_next(&cx, &row, rest).await;
    }
    if row.attempt != message.attempt {
        // Delivered again after this attempt was written down: its successor may never have been sent.
        let orphaned = cx.deliveries > 1 && row.attempt == message.attempt + 1;
        return if orphaned {
            send_next(&cx, &row, delay(row.attempt)).await
        } else {
            Ok(())
        };
    }
    if message.attempt == 1 {
        // A quote that its caller wanted asynchronously has no other message, and is to be listed while it waits.
        follow_up(&cx, &mut row).await?;
    }
    let funder = pricing::known(&row.funder_name)?;
    let target = cx.env.target(funder, row.environment)?;
    let policy = cx.env.policy(funder)?.single();
    let trip = cx.trip(row.correlation_id);
    let outcome = pricing::price(&cx.env, &row, &row.request()?, funder, &target, &policy, trip).await;
    match outcome.price {
        Err(error) if passing(&error) => {
            row.progress = outcome.progress;
            let wait = delay(row.attempt + 1).max(error.retry_after.unwrap_or_default());
            let next = cx.now().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
            if next > row.created_at.saturating_add(WINDOW).unwrap_or(jiff::Timestamp::MAX) {
                row.failed(&error);
                return settled(&cx, &mut row).await;
            }
            row.attempt += 1;
            if write(&cx, &mut row).await? {
                send_next(&cx, &row, wait).await
            } else {
                Ok(())
            }
        }
        // Our own trouble says nothing about the quote: the message comes back.
        Err(error) if is_ours(&error) => {
            cx.env.outbound.tracer.flush().await;
            Err(error)
        }
        price => {
            // Refused quotes are an outcome and not a failure of this worker.
            let _ = settle(&mut row, price, cx.now());
            settled(&cx, &mut row).await
        }
    }
}

async fn settled(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<()> {
    if write(cx, row).await? {
        return follow_up(cx, row).await;
    }
    Ok(())
}

fn is_ours(error: &Error) -> bool {
    matches!(error.kind, Kind::Misconfigured | Kind::Unavailable | Kind::Internal)
}

/// Whether the row was still as it was read: if not, somebody else has moved it on and there is nothing left to do.
async fn write(cx: &Cx<Env>, row: &mut QuoteRow) -> Result<bool> {
    let write = row.replace(&cx.env, cx.now())?;
    let (written, ()) = tokio::join!(cx.env.store().write(vec![write]), cx.env.outbound.tracer.flush());
    Ok(matches!(written?, Written::Done))
}

async fn send_next(cx: &Cx<Env>, row: &QuoteRow, wait: Duration) -> Result<()> {
    cx.env
        .retry_queue()?
        .send(
            &Attempt {
                id: row.id,
                attempt: row.attempt,
            },
            wait,
        )
        .await
}
