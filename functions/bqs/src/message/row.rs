//! Messages as they are kept: under their case, one row each by arrival, one for the newest, and one by content for each,
//! so that no message is kept twice.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use model::Result;
use ring::digest::{SHA256, digest};
use runtime::Domain;
use runtime::store::{Key, Query, When, Write, typed};
use serde::{Deserialize, Serialize};

use super::moment::Received;
use crate::Env;
use crate::json::{Document, Value};

/// So many rows are read at once.
const READ: u16 = 100;

fn partition(case: u64) -> String {
    format!("MESSAGES#{case}")
}

fn key(env: &Env, case: u64, sk: &str) -> Result<Key> {
    Ok(Key::new(env.table()?, partition(case), Some(sk)))
}

/// The newest message of a case. Who keeps one writes this row too, so that two at the same moment come one after another.
#[derive(Default, Serialize, Deserialize)]
pub struct Head {
    /// Of the newest message; 0 where there is none.
    number: i64,
    received: String,
}

impl Head {
    pub async fn load(env: &Env, case: u64) -> Result<Self> {
        Ok(env.read(&key(env, case, "HEAD")?).await?.unwrap_or_default())
    }

    fn received(&self) -> Option<Received> {
        Received::from_key(&self.received)
    }

    /// Everything that changes when a message becomes the newest.
    pub fn follow(&self, env: &Env, case: u64, now: Timestamp, message: Draft) -> Result<Vec<Write>> {
        let unchanged = match self.number {
            0 => When::Absent,
            number => When::number("number", number),
        };
        let received = Received::after(self.received(), now).key();
        let head = Self {
            number: self.number.saturating_add(1),
            received: received.clone(),
        };
        let once = Once::key(env, case, &message.content)?;
        let row = MessageRow {
            number: head.number,
            received,
            message,
        };
        Ok(vec![
            Write::put(key(env, case, "HEAD")?, &head, unchanged)?,
            Write::put(once, &Once { number: head.number }, When::Absent)?,
            Write::put(key(env, case, &row.received)?, &row, When::Absent)?,
        ])
    }
}

/// Stands for a message's content.
#[derive(Serialize, Deserialize)]
pub struct Once {
    number: i64,
}

impl Once {
    fn key(env: &Env, case: u64, content: &str) -> Result<Key> {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, content.as_bytes()));
        key(env, case, &format!("ONCE#{hash}"))
    }

    /// Whether a case has a message of this content.
    pub async fn holds(env: &Env, case: u64, content: &str) -> Result<bool> {
        let found: Option<Self> = env.read(&Self::key(env, case, content)?).await?;
        Ok(found.is_some())
    }
}

/// A message that has no place yet.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    pub dealer: i64,
    /// The channel that sent it.
    pub sender: String,
    /// JSON.
    pub content: String,
}

impl Draft {
    /// A message about the case of this number, whatever number it says itself.
    pub fn about(case: u64, dealer: i64, sender: String, mut content: Document) -> Result<Self> {
        let number = Value::Number(case.to_string());
        content.members_mut().set("preViewCaseId", number);
        Ok(Self {
            dealer,
            sender,
            content: content.render()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub struct MessageRow {
    /// Counts the messages of a case from 1.
    number: i64,
    received: String,
    #[serde(flatten)]
    pub message: Draft,
}

impl MessageRow {
    pub fn received(&self) -> Received {
        Received::from_key(&self.received).unwrap_or(Received::LATEST)
    }

    /// The next messages of a case from this moment on, oldest first. None means that there are no more.
    ///
    /// A transaction's rows become visible one by one, so a row may be seen before the one that came before it, and a
    /// reader that went on from there would never see that one. What follows a gap is therefore not there yet.
    pub async fn page(env: &Env, case: u64, from: Received) -> Result<Vec<Self>> {
        let all = Query::new(env.table()?, partition(case), READ).to(Some(Received::LATEST.key()));
        let all = all.consistent();
        let rows = read(env, all.clone().from(Some(from.key())).oldest_first()).await?;
        let Some(first) = rows.first() else {
            return Ok(rows);
        };
        let mut expected = first.number;
        // Who goes on from a message has seen what came before it; who begins here may have not.
        if first.number > 1 && first.received() > from {
            let before = Query {
                to: Some(first.received().previous().key()),
                limit: 1,
                ..all
            };
            let before = read(env, before).await?;
            expected = before.first().map_or(1, |before| before.number.saturating_add(1));
        }
        let mut seen = Vec::new();
        for row in rows {
            if row.number != expected {
                break;
            }
            expected = expected.saturating_add(1);
            seen.push(row);
        }
        Ok(seen)
    }
}

async fn read(env: &Env, query: Query) -> Result<Vec<MessageRow>> {
    let rows = env.store().query(&query).await?;
    rows.into_iter().map(typed).collect()
}
