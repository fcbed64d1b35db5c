//! One attempt at a delivery: the worker signs and posts the payload, and records the response.

use std::time::Duration;

use bytes::Bytes;
use call::retry_after;
use model::{Kind, Result};
use runtime::Cx;
use runtime::http::signature;
use runtime::work::row::{Revised, Row};
use runtime::work::share;
use tokio::time::Instant;

use super::message::DeliveryMessage;
use super::row::{AttemptResult, DeliveryRow, DeliveryStatus};
use super::schedule::MAX_DELAY;
use super::slow;
use crate::Env;
use crate::subscription::SubscriptionRow;

/// A receiver that has not responded by then has failed.
const RECEIVER_TIMEOUT: Duration = Duration::from_secs(10);
/// The status with which a receiver ends its subscription.
const STATUS_GONE: u16 = 410;

pub async fn attempt(cx: &Cx<Env>, message: DeliveryMessage) -> Result<()> {
    let rows = cx.env.deliveries()?;
    let Some(mut row) = DeliveryRow::load(rows, &message.delivery_id).await? else {
        return Ok(());
    };
    if row.attempt < message.attempt {
        return cx.missing("a delivery to replay");
    }
    if row.status != DeliveryStatus::Pending {
        return Ok(());
    }
    if row.attempt > message.attempt {
        // The attempt was recorded, and the queue delivers its message again. The worker may have crashed before it sent the
        // next attempt's message.
        let orphaned = cx.deliveries > 1 && row.attempt - 1 == message.attempt;
        return if orphaned { send_next(cx, &row).await } else { Ok(()) };
    }
    if !row.wait(cx.now()).is_zero() {
        return send_next(cx, &row).await;
    }
    let (receiver, is_slow) = tokio::join!(receiver(cx, &row), slow::is_slow(rows, row.subscription_id));
    let subscription = match receiver? {
        Ok(subscription) => subscription,
        Err(why) => {
            row.give_up(why);
            // If this is refused, another worker or a replay has changed the row.
            return row.save(rows, cx.now()).await.map(drop);
        }
    };
    if !is_slow? {
        return call(cx, row, subscription).await;
    }
    let group = row.subscription_id.to_string();
    let share = slow::share(rows, &group);
    let Some(place) = share.take(cx.now()).await? else {
        let wait = share::wait(row.id.as_uuid(), cx.now().duration_since(row.due_since()));
        return cx.env.delivery_queue()?.send(&row.message(), wait).await;
    };
    let called = call(cx, row, subscription).await;
    share.free(place, cx.now()).await;
    called
}

/// Calls the receiver and records what came of it.
async fn call(cx: &Cx<Env>, mut row: DeliveryRow, mut subscription: SubscriptionRow) -> Result<()> {
    let rows = cx.env.deliveries()?;
    let result = post(cx, &row, &subscription).await?;
    let log = row.log(row.attempt, &result)?;
    let slow = slow::mark(row.subscription_id, result.took, cx.now())?;
    rows.append([Some(log), slow].into_iter().flatten().collect()).await?;
    row.record(&result, cx.now());
    if result.status == Some(STATUS_GONE) {
        subscription.disable();
        // If this is refused, the subscription was disabled or deleted already.
        subscription.save(cx.env.subscriptions()?, cx.now()).await?;
        row.give_up("gone");
    }
    let written = row.save(rows, cx.now()).await?;
    if written && row.status == DeliveryStatus::Pending {
        return send_next(cx, &row).await;
    }
    Ok(())
}

/// The subscription to deliver to, or why the delivery ends.
async fn receiver(cx: &Cx<Env>, row: &DeliveryRow) -> Result<Result<SubscriptionRow, &'static str>> {
    let Some(subscription) = SubscriptionRow::existing(&cx.env, &row.subscription_id).await? else {
        return Ok(Err("subscription-deleted"));
    };
    if !subscription.is_active() {
        return Ok(Err("subscription-disabled"));
    }
    // The rules for addresses may have changed since the subscription was accepted.
    if cx.env.egress.endpoint("url", &subscription.url).is_err() {
        return Ok(Err("url-refused"));
    }
    Ok(Ok(subscription))
}

/// Every response, and none, is a result. The head of the response decides; its body is not read.
async fn post(cx: &Cx<Env>, row: &DeliveryRow, subscription: &SubscriptionRow) -> Result<AttemptResult> {
    let secret = subscription.secret(&cx.env, &row.subscription_id, cx.now()).await?;
    let (at, started) = (cx.now(), Instant::now());
    let payload = Bytes::from(row.payload.clone());
    let request = signature::request(&subscription.url, &secret, &row.id.to_string(), at, payload)?;
    let left = cx.deadline.saturating_duration_since(started);
    let sent = tokio::time::timeout(RECEIVER_TIMEOUT.min(left), cx.env.transport().notify(request)).await;
    let (head, error) = match sent {
        Ok(Ok(head)) => (Some(head), None),
        Ok(Err(error)) => (None, Some(error.kind.rule().code)),
        Err(_) => (None, Some(Kind::PartnerTimeout.rule().code)),
    };
    Ok(AttemptResult {
        at,
        took: started.elapsed(),
        status: head.as_ref().map(|(status, _)| status.as_u16()),
        retry_after: head.and_then(|(_, headers)| retry_after(&headers, cx.now())),
        error,
    })
}

/// Sends the message of the row's next attempt, delayed until then or as long as SQS can.
async fn send_next(cx: &Cx<Env>, row: &DeliveryRow) -> Result<()> {
    let wait = row.wait(cx.now());
    // SQS counts whole seconds, and an early message would only be sent again.
    let whole = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    cx.env
        .delivery_queue()?
        .send(&row.message(), whole.min(MAX_DELAY))
        .await
}
