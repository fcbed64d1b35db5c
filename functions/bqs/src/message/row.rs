//! The rows of messages. Each message has a row under its dealer, by arrival, and a row by content, which keeps it from being
//! stored twice.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::Result;
use model::json::{Document, Value};
use ring::digest::{SHA256, digest};
use runtime::port::store::{Key, Query, When, Write, typed};
use runtime::work::row::Table;
use serde::{Deserialize, Serialize};

use super::moment::ReceivedDate;

/// Places in one read.
const PLACES: u16 = 1000;

/// A case's number, with its issuer: the same number of the other issuer means another case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseNumber {
    Hub(u64),
    /// Linked to no case of the hub.
    Upstream(u64),
}

impl CaseNumber {
    /// As its issuer writes it.
    pub fn number(self) -> u64 {
        match self {
            Self::Hub(number) | Self::Upstream(number) => number,
        }
    }

    pub fn partition(self) -> String {
        match self {
            Self::Hub(number) => format!("MESSAGES#{number}"),
            Self::Upstream(number) => format!("UPSTREAM#{number}#MESSAGES"),
        }
    }

    /// The number whose messages are in this partition.
    pub fn of_partition(partition: &str) -> Option<Self> {
        if let Some(number) = partition.strip_prefix("MESSAGES#") {
            return number.parse().ok().map(Self::Hub);
        }
        let number = partition.strip_prefix("UPSTREAM#")?.strip_suffix("#MESSAGES")?;
        number.parse().ok().map(Self::Upstream)
    }

    pub fn key(self, rows: Table<'_>, sk: &str) -> Key {
        rows.key(self.partition(), sk)
    }
}

/// Exists for every stored content of a case, however it was spelt.
#[derive(Serialize, Deserialize)]
pub struct ContentRow {
    received: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl ContentRow {
    /// One key for all spellings of a content: a sender may write its members in another order.
    pub fn key(rows: Table<'_>, case: CaseNumber, content: &str) -> Result<Key> {
        let content = Document::stored(content)?;
        Ok(Self::key_of(rows, case, &content.members().canonical()))
    }

    /// The key of a row of before spellings were compared as values.
    pub fn key_of_text(rows: Table<'_>, case: CaseNumber, content: &str) -> Key {
        Self::key_of(rows, case, content)
    }

    fn key_of(rows: Table<'_>, case: CaseNumber, text: &str) -> Key {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()));
        case.key(rows, &format!("ONCE#{hash}"))
    }

    /// Whether a case has a message with this content.
    pub async fn exists(rows: Table<'_>, case: CaseNumber, content: &str) -> Result<bool> {
        let found: Option<Self> = rows.read(&Self::key(rows, case, content)?).await?;
        Ok(found.is_some())
    }

    /// The write of a new message's row.
    pub fn write(rows: Table<'_>, case: CaseNumber, message: &MessageRow) -> Result<Write> {
        let row = Self {
            received: message.place.received.clone(),
            ttl: message.ttl,
        };
        Write::put(Self::key(rows, case, &message.content)?, &row, When::Absent)
    }
}

/// A message without its place in the order of arrival.
#[derive(Clone)]
pub struct Draft {
    pub dealer: i64,
    /// The channel that sent it.
    pub sender: String,
    /// JSON.
    pub content: String,
}

impl Draft {
    /// A message about this case. It replaces the case number in the content.
    pub fn about(case: CaseNumber, dealer: i64, sender: String, mut content: Document) -> Result<Self> {
        let number = Value::Number(case.number().to_string());
        content.members_mut().set("preViewCaseId", number);
        Ok(Self {
            dealer,
            sender,
            content: content.render()?,
        })
    }
}

/// Where a message is among those of its case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessagePlace {
    pub dealer: i64,
    pub received: String,
}

impl MessagePlace {
    fn sort_key(&self) -> String {
        format!("DEALER#{}#{}", self.dealer, self.received)
    }

    pub fn key(&self, rows: Table<'_>, case: CaseNumber) -> Key {
        case.key(rows, &self.sort_key())
    }

    /// The places of all messages under a number, in the order of arrival.
    pub async fn all(rows: Table<'_>, case: CaseNumber) -> Result<Vec<Self>> {
        let mut places: Vec<Self> = Vec::new();
        let all = Query::new(rows.name, case.partition(), PLACES).to(Some("DEALER$".to_owned()));
        let all = all.oldest_first().consistent().members(&["dealer", "received"]);
        loop {
            // A space sorts before all that a key can go on with.
            let next = |last: &Self| format!("{} ", last.sort_key());
            let from = places.last().map_or_else(|| "DEALER#".to_owned(), next);
            let found = rows.store.query(&all.clone().from(Some(from))).await?;
            if found.is_empty() {
                break;
            }
            for place in found {
                places.push(typed(place)?);
            }
        }
        places.sort_by(|one, other| one.received.cmp(&other.received));
        Ok(places)
    }
}

#[derive(Serialize, Deserialize)]
pub struct MessageRow {
    #[serde(flatten)]
    pub place: MessagePlace,
    /// The channel that sent it.
    pub sender: String,
    /// JSON.
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl MessageRow {
    pub fn new(received: ReceivedDate, message: Draft, ttl: i64) -> Self {
        Self {
            place: MessagePlace {
                dealer: message.dealer,
                received: received.key(),
            },
            sender: message.sender,
            content: message.content,
            ttl: Some(ttl),
        }
    }

    pub fn received(&self) -> ReceivedDate {
        ReceivedDate::from_key(&self.place.received).unwrap_or(ReceivedDate::LATEST)
    }

    /// The first `limit` messages of a case and a dealer that arrived between these moments, or at one of them, oldest first.
    pub async fn between(
        rows: Table<'_>,
        (case, dealer): (CaseNumber, i64),
        (from, to): (ReceivedDate, ReceivedDate),
        limit: usize,
    ) -> Result<Vec<Self>> {
        let key = |received: ReceivedDate| {
            let received = received.key();
            Some(MessagePlace { dealer, received }.sort_key())
        };
        let limit = u16::try_from(limit).unwrap_or(u16::MAX);
        let query = Query::new(rows.name, case.partition(), limit)
            .from(key(from))
            .to(key(to));
        let found = rows.store.query(&query.oldest_first().consistent()).await?;
        found.into_iter().map(typed).collect()
    }
}
