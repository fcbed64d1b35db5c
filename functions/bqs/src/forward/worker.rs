//! The worker on the forwarder's queue.

use std::time::Duration;

use model::Result;
use runtime::Cx;
use runtime::work::row::Row;

use super::decision;
use super::row::{ForwardRow, raise_alarm};
use super::sender::CaseSender;
use super::wake::ForwarderWake;
use crate::Env;
use crate::case::row::ChangeRow;
use crate::document::arrive;

/// SQS may deliver a message this much before its time.
const EARLY_MARGIN: Duration = Duration::from_secs(5);

pub async fn forward(cx: Cx<Env>, wake: ForwarderWake) -> Result<()> {
    let (env, sequence) = (&cx.env, wake.sequence);
    if let Some(id) = wake.upload {
        arrive::arrive(&cx, sequence, id).await?;
    }
    let Some(target) = env.upstream()? else {
        return Ok(());
    };
    let rows = env.table()?;
    let row = ForwardRow::load(rows, &sequence).await?;
    let mut row = row.unwrap_or_else(|| ForwardRow::new(sequence));
    if row.held.is_some() && !decision::apply(&cx, &mut row, wake.decision.as_ref()).await? {
        raise_alarm();
        return Ok(());
    }
    if let Some(left) = row.retry_wait(cx.now()) {
        // The failed attempt sent a message for that time. This is that message if it is only a little early.
        return if left > EARLY_MARGIN {
            Ok(())
        } else {
            ForwarderWake::of(sequence).send_late(env, left).await
        };
    }
    if let Some(left) = row.lease_left(cx.now()) {
        return ForwarderWake::of(sequence).send_late(env, left).await;
    }
    let next = ChangeRow::load(rows, sequence, row.forwarded_through + 1).await?;
    let Some(next) = next else { return Ok(()) };
    let done = CaseSender::new(&cx, target, row)?.send_all(next).await;
    env.outbound.tracer.flush().await;
    done
}
