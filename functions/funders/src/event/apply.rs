//! SQS `funder-events`: applies events from webhooks.
//!
//! The worker asks the funder first, because its answer is newer than the event. Without an answer it believes the signed
//! event. A status never goes down, whichever of the two comes first.

use model::Result;
use runtime::Cx;
use runtime::work::row::Row;

use super::row::{EventKey, EventRow, absent};
use crate::Env;
use crate::proposal::{ProposalRow, decision};

pub async fn apply(cx: Cx<Env>, id: EventKey) -> Result<()> {
    let rows = cx.env.table()?;
    let mut event = EventRow::load(rows, &id).await?.ok_or_else(absent)?;
    if event.applied_at.is_some() {
        return Ok(());
    }
    let row = ProposalRow::load(rows, &event.proposal_id).await?;
    let is_signers = |row: &ProposalRow| row.funder_name == event.id.funder && row.environment == event.id.environment;
    match row.filter(is_signers) {
        Some(mut row) => {
            let answer = match row.status.is_final() {
                true => None,
                false => decision::fetch(&cx, &row).await.ok().flatten(),
            };
            let reported = event.decision();
            let newer = answer.filter(|answer| answer.status.rank() >= reported.status.rank());
            decision::apply(&cx, &mut row, newer.unwrap_or(reported)).await?;
        }
        None => tracing::warn!(
            funder = event.id.funder,
            environment = %event.id.environment,
            "an event is about no proposal of its funder's environment"
        ),
    }
    let write = event.apply(rows, cx.now())?;
    rows.write(vec![write]).await.map(drop)
}
