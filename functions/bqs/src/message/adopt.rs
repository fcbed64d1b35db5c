//! Messages that upstream sent about a case of ours before it was known whose its number is.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use runtime::Domain;
use runtime::store::Outcome;

use super::moment::Received;
use super::row::{Draft, Head, MessageRow, Once};
use crate::Env;
use crate::json::Document;

/// How often others may be faster.
const TRIES: u8 = 16;

/// Keeps what the upstream's channel sent under its own number under ours too, in its order. Done twice it changes nothing.
pub async fn adopt(env: &Env, upstream: u64, case: u64, now: Timestamp) -> Result<()> {
    let Some(channel) = env
        .common
        .config
        .get("BQS_UPSTREAM_CHANNEL")
        .filter(|_| upstream != case)
    else {
        return Ok(());
    };
    let mut from = Received::FIRST;
    loop {
        let page = MessageRow::page(env, upstream, from).await?;
        if page.is_empty() {
            return Ok(());
        }
        for row in page {
            from = row.received().next();
            let Draft {
                dealer,
                sender,
                content,
            } = row.message;
            if sender == channel {
                let message = Draft::about(case, dealer, sender, Document::stored(&content)?)?;
                keep(env, case, &message, now).await?;
            }
        }
    }
}

async fn keep(env: &Env, case: u64, message: &Draft, now: Timestamp) -> Result<()> {
    for _ in 0..TRIES {
        if Once::holds(env, case, &message.content).await? {
            return Ok(());
        }
        let writes = Head::load(env, case).await?.follow(env, case, now, message.clone())?;
        if env.store().write(writes).await? == Outcome::Done {
            return Ok(());
        }
    }
    Err(Error::new(Kind::Unavailable, "a case has too many messages at once"))
}
