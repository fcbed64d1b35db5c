//! Telling MMOB what became of an order.

use model::order::Outcome;
use model::{Error, Kind, Result};
use partners::mmob;
use runtime::Cx;

use super::ask::{again, ask, order};
use super::row::{Manual, OrderRow};
use super::save::{hand_over, save};
use crate::Env;

/// What MMOB says of an order whose outcome we have.
enum Said {
    Same,
    /// It is not final there, so that it may be told.
    Open,
    /// It is final, and not what we say.
    Other,
}

/// What was decided just now: nobody has told MMOB.
pub async fn tell(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    let outcome = outcome(row)?;
    let told = ask(cx, row, mmob::update(&row.id, &outcome), mmob::read_update).await;
    match told {
        Ok(()) => told_it(cx, row).await,
        // It may be there already, or MMOB may say something else.
        Err(error) if error.kind == Kind::PartnerRejected => match said(cx, row, &outcome).await? {
            Said::Same => told_it(cx, row).await,
            Said::Other => hand_over(cx, row, Manual::Conflict).await,
            Said::Open => Err(again(error)),
        },
        Err(error) => Err(again(error)),
    }
}

/// What was decided by somebody who is gone, or could not tell it. MMOB is only told what it does not say already.
pub async fn recover(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    match said(cx, row, &outcome(row)?).await? {
        Said::Same => told_it(cx, row).await,
        Said::Other => hand_over(cx, row, Manual::Conflict).await,
        Said::Open => tell(cx, row).await,
    }
}

fn outcome(row: &OrderRow) -> Result<Outcome> {
    let decision = row.decision.clone();
    decision.ok_or_else(|| Error::new(Kind::Internal, "an order to be told is not decided"))
}

async fn told_it(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    row.told();
    save(cx, row).await
}

async fn said(cx: &Cx<Env>, row: &OrderRow, ours: &Outcome) -> Result<Said> {
    let theirs = order(cx, row).await.map_err(again)?.outcome;
    Ok(match theirs.status {
        // What else a final status comes with is not worth an operator's time.
        status if status.is_final() && status == ours.status => Said::Same,
        status if status.is_final() => Said::Other,
        _ if theirs == *ours => Said::Same,
        _ => Said::Open,
    })
}
