//! Writing an order down, and handing one to an operator.

use model::{Error, Kind, Result};
use runtime::store::Outcome;
use runtime::{Cx, Domain, metric};

use super::row::{Manual, OrderRow};
use crate::Env;

/// Whether the row was still as it was read: if not, somebody else has moved it on.
pub async fn write(cx: &Cx<Env>, row: &mut OrderRow) -> Result<bool> {
    let becomes_late = row.grows_late(cx.now());
    let write = row.replace(&cx.env, cx.now())?;
    let written = cx.env.store().write(vec![write]).await? == Outcome::Done;
    if written && becomes_late {
        metric::count("LateOrders", 1);
    }
    Ok(written)
}

/// For who has taken the row on. If somebody else has changed it all the same, the message comes back and looks at it anew:
/// other messages may have been let go in the meantime.
pub async fn save(cx: &Cx<Env>, row: &mut OrderRow) -> Result<()> {
    if write(cx, row).await? {
        return Ok(());
    }
    Err(Error::new(
        Kind::InProgress,
        "an order was changed while it was worked on",
    ))
}

pub async fn hand_over(cx: &Cx<Env>, row: &mut OrderRow, why: Manual) -> Result<()> {
    row.hand_over(why, cx.now());
    // Nobody may ever have taken it on, and an operator has to find it.
    let entry = row.entry(&cx.env)?;
    cx.env.store().append(cx.env.table()?, vec![entry]).await?;
    save(cx, row).await?;
    // Nobody has to be woken for what was meant to be done by hand.
    if why != Manual::ByHand {
        tracing::warn!(correlation = %row.correlation_id, ?why, "an order waits for an operator");
        metric::count("ManualOrders", 1);
    }
    if why == Manual::Conflict {
        metric::count("ConflictingOrders", 1);
    }
    Ok(())
}
