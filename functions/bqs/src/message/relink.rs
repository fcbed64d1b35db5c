//! Upstream messages that arrived before their case number was linked to a case.

use jiff::Timestamp;
use model::json::Document;
use model::{Error, Kind, Result};
use runtime::work::row::Table;

use super::moment::ReceivedDate;
use super::row::{ContentRow, Draft, Head, MessageRow};
use crate::Env;

/// A write is refused this often before the relink fails.
const MAX_TRIES: u8 = 16;

/// Copies the messages that the upstream channel sent under its own case number to our case, in their order. A second run
/// changes nothing.
pub async fn relink(env: &Env, upstream: u64, case: u64, now: Timestamp) -> Result<()> {
    let Some(channel) = env.upstream_channel().filter(|_| upstream != case) else {
        return Ok(());
    };
    let rows = env.table()?;
    let mut from = ReceivedDate::FIRST;
    loop {
        let batch = MessageRow::batch(rows, upstream, from).await?;
        if batch.is_empty() {
            return Ok(());
        }
        for row in batch {
            from = row.received().next();
            let Draft {
                dealer,
                sender,
                content,
            } = row.message;
            if sender == channel {
                let message = Draft::about(case, dealer, sender, Document::stored(&content)?)?;
                keep(rows, case, &message, now).await?;
            }
        }
    }
}

async fn keep(rows: Table<'_>, case: u64, message: &Draft, now: Timestamp) -> Result<()> {
    for _ in 0..MAX_TRIES {
        if ContentRow::exists(rows, case, &message.content).await? {
            return Ok(());
        }
        let writes = Head::load(rows, case).await?.follow(rows, case, now, message.clone())?;
        if rows.write(writes).await? {
            return Ok(());
        }
    }
    Err(Error::new(
        Kind::Unavailable,
        "a case receives too many messages at once",
    ))
}
