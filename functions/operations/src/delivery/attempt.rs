//! One attempt at a delivery: sign, POST, write down what came of it.

use std::time::Duration;

use bytes::Bytes;
use model::{Error, Kind, Result};
use runtime::store::Outcome;
use runtime::{Cx, Domain, signature};
use tokio::time::Instant;

use super::row::{Attempted, DeliveryRow, DeliveryStatus};
use super::schedule::HOP;
use super::send::Due;
use crate::Env;
use crate::subscription::SubscriptionRow;

/// A receiver answers within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The receiver is gone and wants no more.
const GONE: u16 = 410;

pub async fn attempt(cx: &Cx<Env>, due: Due) -> Result<()> {
    let Some(mut row) = DeliveryRow::load(&cx.env, due.delivery_id, cx.now()).await? else {
        return Ok(());
    };
    if row.attempt < due.attempt {
        // The message of a replay that never came to its commit is left over; a first delivery may only be early.
        let early = Error::new(Kind::Unavailable, "a delivery to replay is not there yet");
        return if cx.deliveries > 1 { Ok(()) } else { Err(early) };
    }
    if row.status != DeliveryStatus::Pending {
        return Ok(());
    }
    if row.attempt > due.attempt {
        // Delivered again after this attempt was written down: its successor may never have been sent.
        let orphaned = cx.deliveries > 1 && row.attempt - 1 == due.attempt;
        return if orphaned { send_next(cx, &row).await } else { Ok(()) };
    }
    if !row.wait(cx.now()).is_zero() {
        return send_next(cx, &row).await;
    }
    let subscription = match receiver(cx, &row).await? {
        Ok(subscription) => subscription,
        Err(why) => {
            row.give_up(why);
            let write = row.replace(&cx.env, cx.now())?;
            // Refused means that somebody else has moved it on.
            return cx.env.store().write(vec![write]).await.map(drop);
        }
    };
    let attempted = post(cx, &row, &subscription).await?;
    let log = row.log(due.attempt, &attempted)?;
    cx.env.store().append(cx.env.deliveries()?, vec![log]).await?;
    row.attempted(&attempted, cx.now());
    if attempted.status == Some(GONE) {
        let write = subscription.disable(&cx.env, cx.now())?;
        // Refused means that it was disabled or deleted already.
        let _ = cx.env.store().write(vec![write]).await?;
        row.give_up("gone");
    }
    let write = row.replace(&cx.env, cx.now())?;
    let written = cx.env.store().write(vec![write]).await?;
    if written == Outcome::Done && row.status == DeliveryStatus::Pending {
        return send_next(cx, &row).await;
    }
    Ok(())
}

/// Who is to get it, or why nobody is.
async fn receiver(cx: &Cx<Env>, row: &DeliveryRow) -> Result<Result<SubscriptionRow, &'static str>> {
    let Some(subscription) = SubscriptionRow::load(&cx.env, row.subscription_id).await? else {
        return Ok(Err("subscription-deleted"));
    };
    if !subscription.is_active() {
        return Ok(Err("subscription-disabled"));
    }
    // What was accepted once may be refused by now.
    if cx.env.egress.endpoint("url", &subscription.url).is_err() {
        return Ok(Err("url-refused"));
    }
    Ok(Ok(subscription))
}

/// Whatever the receiver does is an outcome. Its answer's body is neither kept nor looked at.
async fn post(cx: &Cx<Env>, row: &DeliveryRow, subscription: &SubscriptionRow) -> Result<Attempted> {
    let (at, started) = (cx.now(), Instant::now());
    let secret = subscription.secret.as_deref().unwrap_or_default();
    let payload = Bytes::from(row.payload.clone());
    let request = signature::request(&subscription.url, secret, &row.id.to_string(), at, payload)?;
    let left = cx.deadline.saturating_duration_since(started);
    let sent = tokio::time::timeout(PATIENCE.min(left), cx.env.transport().send(request)).await;
    let (status, error) = match sent {
        Ok(Ok((status, _, _))) => (Some(status.as_u16()), None),
        Ok(Err(error)) => (None, Some(error.kind.rule().code)),
        Err(_) => (None, Some(Kind::PartnerTimeout.rule().code)),
    };
    Ok(Attempted {
        at,
        took: started.elapsed(),
        status,
        error,
    })
}

/// Sends the message of the row's next attempt, as late as that is due or as late as SQS can.
async fn send_next(cx: &Cx<Env>, row: &DeliveryRow) -> Result<()> {
    let wait = row.wait(cx.now());
    // SQS counts whole seconds, and a message that is early would only be sent again.
    let whole = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    let due = Due {
        delivery_id: row.id,
        attempt: row.attempt,
    };
    cx.env.delivery_queue()?.send(&due, whole.min(HOP)).await
}
