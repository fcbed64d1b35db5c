//! The schedule, every minute: sends orders on that were left lying, says which are late, and hands to operators what nobody
//! could finish.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::iter;
use model::Result;
use runtime::due::now_due;
use runtime::store::Key;
use runtime::{Cx, Domain};
use tokio::time::Instant;

use super::row::OrderRow;
use super::save::{hand_over, write};
use super::wake;
use crate::Env;

/// How many orders are seen to at once.
const ABREAST: usize = 8;
/// What seeing to one takes. Later ones are still due in a minute.
const WORTHWHILE: Duration = Duration::from_secs(2);

pub async fn sweep(cx: Cx<Env>) -> Result<()> {
    let due = now_due(cx.env.store().as_ref(), cx.env.table()?, OrderRow::DUE, cx.now()).await?;
    let seen: Vec<Result<()>> = iter(due)
        .map(|key| see_to(&cx, key))
        .buffer_unordered(ABREAST)
        .collect()
        .await;
    // One order's trouble is no other's; the last is reported, and all are still due.
    seen.into_iter().filter(Result::is_err).last().unwrap_or(Ok(()))
}

async fn see_to(cx: &Cx<Env>, key: Key) -> Result<()> {
    if cx.deadline.saturating_duration_since(Instant::now()) < WORTHWHILE {
        return Ok(());
    }
    let Some(mut row) = cx.env.read::<OrderRow>(&key).await? else {
        return Ok(());
    };
    if !row.is_unfinished() || row.is_leased(cx.now()) {
        return Ok(());
    }
    if let Some(why) = row.given_up(cx.now()) {
        return hand_over(cx, &mut row, why).await;
    }
    wake(&cx.env, &row.id, Duration::ZERO).await?;
    row.sent_on(cx.now());
    // Refused means that somebody has taken it on meanwhile.
    write(cx, &mut row).await.map(drop)
}
