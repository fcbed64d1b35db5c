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
    let mut result = Ok(());
    loop {
        let due = now_due(cx.env.store().as_ref(), cx.env.table()?, OrderRow::DUE, cx.now()).await?;
        let each = iter(due).map(|key| see_to(&cx, key)).buffer_unordered(ABREAST);
        let seen: Vec<Result<bool>> = each.collect().await;
        let more = seen.iter().any(|one| matches!(one, Ok(true)));
        // One order's trouble is no other's; the last is reported, and all are still due.
        result = seen.into_iter().filter_map(Result::err).last().map_or(result, Err);
        if !more {
            return result;
        }
    }
}

/// Whether something was done about it. If so, it is not due any more, and makes room for another.
async fn see_to(cx: &Cx<Env>, key: Key) -> Result<bool> {
    if cx.deadline.saturating_duration_since(Instant::now()) < WORTHWHILE {
        return Ok(false);
    }
    let Some(mut row) = cx.env.read::<OrderRow>(&key).await? else {
        return Ok(false);
    };
    if !row.is_left_lying(cx.now()) {
        return Ok(false);
    }
    if let Some(why) = row.given_up(cx.now()) {
        hand_over(cx, &mut row, why).await?;
        return Ok(true);
    }
    wake(&cx.env, &row.id, Duration::ZERO).await?;
    row.sent_on(cx.now());
    // Refused means that somebody has taken it on meanwhile.
    write(cx, &mut row).await
}
