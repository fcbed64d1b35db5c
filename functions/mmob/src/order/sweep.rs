//! The schedule, every minute. Enqueues overdue orders again, marks late ones, and leaves to an operator those that workers
//! could not finish.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use model::Result;
use runtime::port::store::Key;
use runtime::work::due::now_due;
use runtime::{Cx, Domain};
use tokio::time::Instant;

use super::process::enqueue;
use super::row::OrderRow;
use crate::Env;

const CONCURRENCY: usize = 8;
/// For one order. Orders for which there is less time are still due in a minute.
const MIN_TIME_LEFT: Duration = Duration::from_secs(2);

pub async fn sweep(cx: Cx<Env>) -> Result<()> {
    let mut result = Ok(());
    loop {
        let due = now_due(
            cx.env.store().as_ref(),
            cx.env.table()?.name,
            OrderRow::DUE_LIST,
            cx.now(),
        )
        .await?;
        let each = iter(due).map(|key| sweep_one(&cx, key)).buffer_unordered(CONCURRENCY);
        let swept: Vec<Result<bool>> = each.collect().await;
        let more = swept.iter().any(|one| matches!(one, Ok(true)));
        // A failure of one order does not stop the others. The run reports the last one, and all of them are still due.
        result = swept.into_iter().filter_map(Result::err).last().map_or(result, Err);
        if !more {
            return result;
        }
    }
}

/// Whether the order has changed. If so it is not due any more, and the next query has room for another.
async fn sweep_one(cx: &Cx<Env>, key: Key) -> Result<bool> {
    if cx.deadline.saturating_duration_since(Instant::now()) < MIN_TIME_LEFT {
        return Ok(false);
    }
    let Some(mut row) = cx.env.table()?.read::<OrderRow>(&key).await? else {
        return Ok(false);
    };
    if !row.is_overdue(cx.now()) {
        return Ok(false);
    }
    if let Some(why) = row.given_up(cx.now()) {
        row.escalate(cx, why).await?;
        return Ok(true);
    }
    enqueue(&cx.env, &row.id, Duration::ZERO).await?;
    row.requeued(cx.now());
    // A refused write means that a worker has leased the order since.
    row.write(cx).await
}
