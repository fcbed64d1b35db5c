//! The worker on the forwarder's queue.

use std::time::Duration;

use model::Result;
use runtime::Cx;
use runtime::transport::Target;
use runtime::work::row::Row;

use super::announce::announce;
use super::clearance::scan_all;
use super::decision::{self, HeldAction, OperatorDecision};
use super::held::{Held, HoldReason};
use super::row::{ForwardRow, raise_alarm};
use super::sender::CaseSender;
use super::upstream::UpstreamRow;
use super::wake::ForwarderWake;
use crate::Env;
use crate::case::row::{CaseRow, ChangeRow};
use crate::document::arrive;

/// SQS may deliver a message this much before its time.
const EARLY_MARGIN: Duration = Duration::from_secs(5);

pub async fn forward(cx: Cx<Env>, wake: ForwarderWake) -> Result<()> {
    let (env, sequence) = (&cx.env, wake.sequence);
    if let Some(id) = wake.upload {
        arrive::arrive(&cx, sequence, id).await?;
    }
    let row = ForwardRow::load(env.table()?, &sequence).await?;
    let mut row = row.unwrap_or_else(|| ForwardRow::new(sequence));
    let done = advance(&cx, &mut row, wake.decision.as_ref()).await;
    let announced = match row.notices.is_empty() {
        true => Ok(()),
        false => announce(&cx, sequence).await,
    };
    done.and(announced)
}

/// Sends what the case waits to send, or scans its documents where there is no upstream.
async fn advance(cx: &Cx<Env>, row: &mut ForwardRow, decision: Option<&OperatorDecision>) -> Result<()> {
    let env = &cx.env;
    let Some(target) = env.upstream()? else {
        return match may_continue(cx, row, decision).await? {
            true => scan_all(cx, row).await,
            false => Ok(()),
        };
    };
    let sent = send(cx, target, row, decision).await;
    // Neither waits for the other: changes for messages, and messages for a held change.
    let relinked = match row.upstream {
        Some(upstream) => UpstreamRow::relink(env, upstream, row.sequence, cx.now()).await,
        None => Ok(()),
    };
    sent.and(relinked)
}

/// Sends what the case waits to send, if this worker may.
async fn send(cx: &Cx<Env>, target: Target, row: &mut ForwardRow, decision: Option<&OperatorDecision>) -> Result<()> {
    let env = &cx.env;
    // A held change was stored once.
    let is_resent = row.held.is_some() && decision.is_some_and(|decision| decision.action == HeldAction::Send);
    if !may_continue(cx, row, decision).await? {
        return Ok(());
    }
    let n = row.forwarded_through + 1;
    let Some(next) = ChangeRow::load(env.table()?, row.sequence, n).await? else {
        if is_resent || has_expired(cx, row).await? {
            let expired = "The change waited for so long that it has expired.".to_owned();
            let held = Held::new((n, None), HoldReason::Unsendable, expired, cx.now());
            return CaseSender::new(cx, target, row)?.keep_held(held).await.map(drop);
        }
        return Ok(());
    };
    let done = CaseSender::new(cx, target, row)?.send_all(next).await;
    env.outbound.tracer.flush().await;
    done
}

/// Whether the case is neither held nor waits for another attempt, and no other worker has its lease.
async fn may_continue(cx: &Cx<Env>, row: &mut ForwardRow, decision: Option<&OperatorDecision>) -> Result<bool> {
    let (env, sequence) = (&cx.env, row.sequence);
    if row.held.is_some() && !decision::apply(cx, row, decision).await? && !row.awaits_verdict() {
        raise_alarm();
        return Ok(false);
    }
    if let Some(left) = row.retry_wait(cx.now()) {
        // The failed attempt sent a message for that time. This is that message if it is only a little early.
        if left <= EARLY_MARGIN {
            ForwarderWake::of(sequence).send_late(env, left).await?;
        }
        return Ok(false);
    }
    if let Some(left) = row.lease_left(cx.now()) {
        ForwarderWake::of(sequence).send_late(env, left).await?;
        return Ok(false);
    }
    Ok(true)
}

/// Whether the case was never sent on and its first change has expired: no upstream was configured, or every message was lost.
async fn has_expired(cx: &Cx<Env>, row: &ForwardRow) -> Result<bool> {
    // Without an upstream the row has the progress of the scans only.
    if row.forwarded_through > 0 || row.created.is_some() {
        return Ok(false);
    }
    let case = CaseRow::load(cx.env.table()?, &row.sequence).await?;
    let Some(case) = case else { return Ok(false) };
    Ok(cx.env.retention()?.change(case.created_at) <= cx.now().as_second())
}
