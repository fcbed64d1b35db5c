//! Upstream messages that arrived before their case number was linked to a case.

use jiff::Timestamp;
use model::json::Document;
use model::{Error, Kind, Result};
use runtime::port::store::{Backoff, Write};

use super::head::{BUSY, Head};
use super::row::{CaseNumber, ContentRow, Draft, MessagePlace, MessageRow};
use crate::Env;

/// Copies the messages under a case number of upstream to our case, in the order of their arrival. At the case each arrives now,
/// so that no reader's cursor has passed it. A second run changes nothing.
///
/// Returns the condition that these were all of them. None if the newest message's row is not visible yet.
pub async fn relink(env: &Env, upstream: u64, case: u64, now: Timestamp) -> Result<Option<Write>> {
    let rows = env.table()?;
    let head = Head::load(rows, upstream).await?;
    if head.has_upstream() {
        if !head.is_visible(rows).await? {
            return Ok(None);
        }
        let from = CaseNumber::Upstream(upstream);
        for place in MessagePlace::all(rows, from).await? {
            let found: Option<MessageRow> = rows.read(&place.key(rows, from)).await?;
            let MessageRow { sender, content, .. } = found.ok_or_else(|| Error::new(Kind::Unavailable, BUSY))?;
            let content = Document::stored(&content)?;
            let message = Draft::about(CaseNumber::Hub(case), place.dealer, sender, content)?;
            keep(env, CaseNumber::Hub(case), &message, now).await?;
        }
    }
    Ok(Some(head.unchanged(rows, upstream)))
}

async fn keep(env: &Env, case: CaseNumber, message: &Draft, now: Timestamp) -> Result<()> {
    let rows = env.table()?;
    let mut pauses = Backoff::of_writer();
    loop {
        if ContentRow::exists(rows, case, &message.content).await? {
            return Ok(());
        }
        let head = Head::load(rows, case.number()).await?;
        if rows.write(head.follow(env, case, now, message.clone())?).await? {
            return Ok(());
        }
        pauses.wait_or(BUSY).await?;
    }
}
