//! SQS `mmob-orders`: does what an order asks for, and tells MMOB.
//!
//! Whoever works on an order holds its row for as long as a worker can live. That a provider may have been asked is written
//! down before it is, and what becomes of the order before MMOB is told; whoever comes after somebody who died goes on from
//! there. The provider is asked again under the same id, and MMOB is told nothing that it says already.

use model::Result;
use runtime::{Cx, Domain};

use super::Wake;
use super::fulfil::{Decision, decide};
use super::row::OrderRow;
use super::save::{hand_over, save, write};
use super::tell::{recover, tell};
use crate::Env;

pub async fn process(cx: Cx<Env>, message: Wake) -> Result<()> {
    let looked = look(&cx, &message.id).await;
    cx.env.outbound.tracer.flush().await;
    looked
}

async fn look(cx: &Cx<Env>, id: &str) -> Result<()> {
    let Some(mut row) = OrderRow::load(&cx.env, id).await? else {
        return Ok(());
    };
    // Whoever holds the row has a message of their own, which comes back if they do not finish.
    if !row.is_unfinished() || row.is_leased(cx.now()) {
        return Ok(());
    }
    if let Some(why) = row.given_up(cx.now()) {
        return hand_over(cx, &mut row, why).await;
    }
    row.claim(cx.now());
    let entry = row.entry(&cx.env)?;
    let listed = cx.env.store().append(cx.env.table()?, vec![entry]);
    let (claimed, listed) = tokio::join!(write(cx, &mut row), listed);
    if !claimed? {
        return Ok(());
    }
    listed?;
    if row.decision.is_some() {
        return recover(cx, &mut row).await;
    }
    match decide(cx, &mut row).await? {
        Decision::Ours(outcome) => {
            row.decide(outcome, cx.now());
            save(cx, &mut row).await?;
            tell(cx, &mut row).await
        }
        Decision::Theirs(outcome) => {
            row.decide(outcome, cx.now());
            row.told();
            save(cx, &mut row).await
        }
        Decision::Nobodys(why) => hand_over(cx, &mut row, why).await,
    }
}
