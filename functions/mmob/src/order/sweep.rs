//! The schedule, every minute. Enqueues overdue orders again, marks late ones, and leaves to an operator those that workers
//! could not finish.

use std::time::Duration;

use model::Result;
use runtime::Cx;
use runtime::port::store::Key;
use runtime::work::due::Sweep;

use super::process::enqueue;
use super::row::OrderRow;
use crate::Env;

const TIME_FOR_ONE: Duration = Duration::from_secs(2);

pub async fn sweep(cx: Cx<Env>) -> Result<()> {
    let due = Sweep {
        table: cx.env.table()?,
        list: OrderRow::DUE_LIST,
        clock: cx.clock,
        deadline: cx.deadline,
        time_for_one: TIME_FOR_ONE,
    };
    due.each(|key| sweep_one(&cx, key)).await
}

async fn sweep_one(cx: &Cx<Env>, key: Key) -> Result<()> {
    let Some(mut row) = cx.env.table()?.read::<OrderRow>(&key).await? else {
        return Ok(());
    };
    if !row.is_overdue(cx.now()) {
        return Ok(());
    }
    if let Some(why) = row.given_up(cx.now()) {
        return row.escalate(cx, why).await;
    }
    enqueue(&cx.env, &row.id, Duration::ZERO).await?;
    row.requeued(cx.now());
    // A refused write means that a worker has leased the order since.
    row.write(cx).await.map(drop)
}
