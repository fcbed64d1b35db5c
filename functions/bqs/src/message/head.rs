//! The head row of a case number: what arrived under it last, from either issuer, and for which dealers.
//!
//! Every new message replaces the head, so that messages under a number are stored one after the other, each with a later
//! moment of arrival than all before it. A number of the hub and the same number of upstream share the head, because a reader
//! may get the messages of both with one cursor.
//!
//! A transaction's rows become visible one by one. A new message is therefore stored on the condition that the newest one's row
//! is there: whatever the head names, all rows before it are visible. A reader reads the head first and stops at it, so that its
//! cursor never passes a message that becomes visible later.
//!
//! The head and the newest message end in the same second: a head that outlived the row that it names would refuse every
//! further message. No message ends later than the head, so that none is hidden by its absence.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::Result;
use runtime::port::store::{Backoff, Key, When, Write};
use runtime::work::row::Table;
use serde::{Deserialize, Serialize};

use super::moment::ReceivedDate;
use super::row::{CaseNumber, ContentRow, Draft, MessageRow};
use crate::Env;

/// A write is refused if a message arrives meanwhile.
pub const BUSY: &str = "a case receives too many messages at once";

/// The head names no more dealers. It has to stay small, and a case has one dealer.
const MAX_DEALERS: usize = 50;

/// The dealers that a number has messages for. A set with more than `MAX_DEALERS` is not complete.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Dealers(BTreeSet<i64>);

impl Dealers {
    fn add(&mut self, dealer: i64) {
        if self.0.len() <= MAX_DEALERS {
            self.0.insert(dealer);
        }
    }

    /// Those of the allowed dealers that may have messages.
    fn among(&self, allowed: &[i64]) -> Vec<i64> {
        if self.0.len() > MAX_DEALERS {
            return allowed.to_vec();
        }
        self.0
            .iter()
            .copied()
            .filter(|dealer| allowed.contains(dealer))
            .collect()
    }
}

/// The key of the newest message's row.
#[derive(Debug, Serialize, Deserialize)]
struct Newest {
    partition: String,
    sort: String,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Head {
    /// Counts the messages. 0 if there is none.
    number: i64,
    /// When the newest message arrived.
    received: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    newest: Option<Newest>,
    #[serde(default)]
    hub: Dealers,
    #[serde(default)]
    upstream: Dealers,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl Head {
    fn key(rows: Table<'_>, number: u64) -> Key {
        CaseNumber::Hub(number).key(rows, "HEAD")
    }

    pub async fn load(rows: Table<'_>, number: u64) -> Result<Self> {
        Ok(rows.read(&Self::key(rows, number)).await?.unwrap_or_default())
    }

    /// When the newest message arrived, if there is one.
    pub fn received(&self) -> Option<ReceivedDate> {
        ReceivedDate::from_key(&self.received)
    }

    /// Those of the allowed dealers that may have messages under a number.
    pub fn dealers(&self, case: CaseNumber, allowed: &[i64]) -> Vec<i64> {
        match case {
            CaseNumber::Hub(_) => self.hub.among(allowed),
            CaseNumber::Upstream(_) => self.upstream.among(allowed),
        }
    }

    /// Whether upstream has sent messages under its own number.
    pub fn has_upstream(&self) -> bool {
        !self.upstream.0.is_empty()
    }

    /// Whether the row of the newest message is visible, and with it those of all messages.
    pub async fn is_visible(&self, rows: Table<'_>) -> Result<bool> {
        let Some(newest) = &self.newest else { return Ok(true) };
        let key = rows.key(&newest.partition, &newest.sort);
        let found = rows.store.get(&key, true).await?;
        Ok(found.is_some())
    }

    /// The condition that no message has arrived since.
    pub fn unchanged(&self, rows: Table<'_>, number: u64) -> Write {
        Write::check(Self::key(rows, number), self.is_newest())
    }

    /// Prepares the deletion of messages, of which `keys` has the rows. A new message is stored only if the newest one's row is
    /// there, so the head forgets a newest one that is about to be deleted: its row was read, so that it is visible. The moment of
    /// its arrival stays, and no reader's cursor passes a later message.
    pub async fn release(rows: Table<'_>, number: u64, keys: &[Key]) -> Result<()> {
        let mut pauses = Backoff::of_writer();
        loop {
            let mut head = Self::load(rows, number).await?;
            let newest = head
                .newest
                .take()
                .map(|newest| rows.key(newest.partition, &newest.sort));
            if !newest.is_some_and(|newest| keys.contains(&newest)) {
                return Ok(());
            }
            let write = Write::put(Self::key(rows, number), &head, head.is_newest())?;
            if rows.write(vec![write]).await? {
                return Ok(());
            }
            pauses.wait_or(BUSY).await?;
        }
    }

    fn is_newest(&self) -> When {
        match self.number {
            0 => When::Absent,
            number => When::number("number", number),
        }
    }

    /// The writes that make a message the newest.
    pub fn follow(mut self, env: &Env, case: CaseNumber, now: Timestamp, message: Draft) -> Result<Vec<Write>> {
        let rows = env.table()?;
        let end = env.retention()?.case(now);
        // A deployment may shorten the lifetime.
        let ttl = self.ttl.map_or(end, |ttl| ttl.max(end));
        let (unchanged, before) = (self.is_newest(), self.received.clone());
        let is_visible = self.newest.map(|newest| {
            let key = rows.key(newest.partition, &newest.sort);
            Write::check(key, When::text("received", before))
        });
        let row = MessageRow::new(
            ReceivedDate::after(ReceivedDate::from_key(&self.received), now),
            message,
            ttl,
        );
        let key = row.place.key(rows, case);
        self.number = self.number.saturating_add(1);
        self.received = row.place.received.clone();
        self.ttl = Some(ttl);
        self.newest = Some(Newest {
            partition: key.pk.clone(),
            sort: key.sk.clone().unwrap_or_default(),
        });
        match case {
            CaseNumber::Hub(_) => self.hub.add(row.place.dealer),
            CaseNumber::Upstream(_) => self.upstream.add(row.place.dealer),
        }
        let mut writes = vec![
            Write::put(Self::key(rows, case.number()), &self, unchanged)?,
            ContentRow::write(rows, case, &row)?,
            Write::put(key, &row, When::Absent)?,
        ];
        writes.extend(is_visible);
        Ok(writes)
    }
}
