//! The rows of a case's messages. Each message has a row by arrival and a row by content, which keeps it from being stored
//! twice. One head row names the newest message.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use model::Result;
use model::json::{Document, Value};
use ring::digest::{SHA256, digest};
use runtime::port::store::{Key, Query, When, Write, typed};
use runtime::work::row::Table;
use serde::{Deserialize, Serialize};

use super::moment::ReceivedDate;

/// Rows in one read.
const BATCH: u16 = 100;

fn partition(case: u64) -> String {
    format!("MESSAGES#{case}")
}

fn key(rows: Table<'_>, case: u64, sk: &str) -> Key {
    rows.key(partition(case), sk)
}

/// The newest message of a case. Every new message replaces this row, so that concurrent messages are stored one after the
/// other.
#[derive(Default, Serialize, Deserialize)]
pub struct Head {
    /// Of the newest message. 0 if there is none.
    number: i64,
    received: String,
}

impl Head {
    pub async fn load(rows: Table<'_>, case: u64) -> Result<Self> {
        Ok(rows.read(&key(rows, case, "HEAD")).await?.unwrap_or_default())
    }

    fn received(&self) -> Option<ReceivedDate> {
        ReceivedDate::from_key(&self.received)
    }

    /// The writes that make a message the newest.
    pub fn follow(&self, rows: Table<'_>, case: u64, now: Timestamp, message: Draft) -> Result<Vec<Write>> {
        let unchanged = match self.number {
            0 => When::Absent,
            number => When::number("number", number),
        };
        let received = ReceivedDate::after(self.received(), now).key();
        let head = Self {
            number: self.number.saturating_add(1),
            received: received.clone(),
        };
        let content = ContentRow::key(rows, case, &message.content);
        let row = MessageRow {
            number: head.number,
            received,
            message,
        };
        Ok(vec![
            Write::put(key(rows, case, "HEAD"), &head, unchanged)?,
            Write::put(content, &ContentRow { number: head.number }, When::Absent)?,
            Write::put(key(rows, case, &row.received), &row, When::Absent)?,
        ])
    }
}

/// Exists for every stored content of a case.
#[derive(Serialize, Deserialize)]
pub struct ContentRow {
    number: i64,
}

impl ContentRow {
    fn key(rows: Table<'_>, case: u64, content: &str) -> Key {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, content.as_bytes()));
        key(rows, case, &format!("ONCE#{hash}"))
    }

    /// Whether a case has a message with this content.
    pub async fn exists(rows: Table<'_>, case: u64, content: &str) -> Result<bool> {
        let found: Option<Self> = rows.read(&Self::key(rows, case, content)).await?;
        Ok(found.is_some())
    }
}

/// A message without its place in the order of arrival.
#[derive(Clone, Serialize, Deserialize)]
pub struct Draft {
    pub dealer: i64,
    /// The channel that sent it.
    pub sender: String,
    /// JSON.
    pub content: String,
}

impl Draft {
    /// A message about this case. It replaces the case number in the content.
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
    pub fn received(&self) -> ReceivedDate {
        ReceivedDate::from_key(&self.received).unwrap_or(ReceivedDate::LATEST)
    }

    /// The next messages of a case from this moment on, oldest first. Empty if there are no more.
    ///
    /// A transaction's rows become visible one by one, so a reader may see a row before the row of the message before it. A
    /// reader that continued there would never see that message. Therefore the batch ends before a gap in the numbers.
    pub async fn batch(rows: Table<'_>, case: u64, from: ReceivedDate) -> Result<Vec<Self>> {
        let all = Query::new(rows.name, partition(case), BATCH).to(Some(ReceivedDate::LATEST.key()));
        let all = all.consistent();
        let found = read(rows, all.clone().from(Some(from.key())).oldest_first()).await?;
        let Some(first) = found.first() else {
            return Ok(found);
        };
        let mut expected = first.number;
        // A reader that continues from this message has seen the one before it. A reader that begins here may not have.
        if first.number > 1 && first.received() > from {
            let before = Query {
                to: Some(first.received().previous().key()),
                limit: 1,
                ..all
            };
            let before = read(rows, before).await?;
            expected = before.first().map_or(1, |before| before.number.saturating_add(1));
        }
        let mut seen = Vec::new();
        for row in found {
            if row.number != expected {
                break;
            }
            expected = expected.saturating_add(1);
            seen.push(row);
        }
        Ok(seen)
    }
}

async fn read(rows: Table<'_>, query: Query) -> Result<Vec<MessageRow>> {
    let found = rows.store.query(&query).await?;
    found.into_iter().map(typed).collect()
}
