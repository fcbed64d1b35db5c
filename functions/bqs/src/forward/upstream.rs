//! What the hub knows from upstream about a case: its answers to changes, and its number of the case.

use jiff::Timestamp;
use model::Result;
use partners_cases::UpstreamAnswer;
use runtime::port::store::{Backoff, Key, When, Write};
use runtime::work::row::{Row, Table};
use serde::{Deserialize, Serialize};

use crate::Env;
use crate::case::row::Sequence;
use crate::message::relink;

/// Upstream's answer to one change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerRow {
    n: u64,
    at: Timestamp,
    #[serde(flatten)]
    answer: UpstreamAnswer,
    ttl: i64,
}

impl AnswerRow {
    /// Under the case, beside the change.
    pub fn write(env: &Env, sequence: Sequence, n: u64, answer: UpstreamAnswer, at: Timestamp) -> Result<Write> {
        let ttl = env.retention()?.change(at);
        let key = env.table()?.key(format!("CASE#{sequence}"), &format!("ANSWER#{n:06}"));
        // An operator may resend a change.
        Write::put(
            key,
            &Self { n, at, answer, ttl },
            When::Any(vec![When::Absent, When::number("n", n.cast_signed())]),
        )
    }
}

/// Links a case number of upstream to our case.
#[derive(Serialize, Deserialize)]
pub struct UpstreamRow {
    #[serde(default)]
    pub upstream: u64,
    pub sequence: Sequence,
    /// Whether the case has the messages that arrived before the link.
    #[serde(default)]
    pub relinked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

impl Row for UpstreamRow {
    type Id = u64;

    fn key(table: Table<'_>, id: &u64) -> Key {
        table.key(format!("UPSTREAM#{id}"), "UPSTREAM")
    }

    fn id(&self) -> &u64 {
        &self.upstream
    }
}

/// The result of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Linked {
    Done,
    /// The number is linked to another case. Nothing was written.
    Taken,
    /// A condition of the other writes did not hold. Nothing was written.
    Refused,
}

impl UpstreamRow {
    /// Links upstream's number to this case, together with these writes. From then on a message under the number is stored with
    /// the case. Earlier ones have to be relinked.
    pub async fn link(
        env: &Env,
        upstream: u64,
        sequence: Sequence,
        writes: Vec<Write>,
        now: Timestamp,
    ) -> Result<Linked> {
        let rows = env.table()?;
        let link = Self {
            upstream,
            sequence,
            relinked: env.upstream_channel().is_none(),
            ttl: Some(env.retention()?.progress(now)),
        };
        let mut all = writes.clone();
        all.push(link.create(rows)?);
        if rows.write(all).await? {
            return Ok(Linked::Done);
        }
        match Self::load(rows, &upstream).await? {
            Some(link) if link.sequence != sequence => Ok(Linked::Taken),
            // The number is this case's already.
            Some(_) if rows.write(writes).await? => Ok(Linked::Done),
            _ => Ok(Linked::Refused),
        }
    }

    /// Copies the messages that arrived before the link to this case, if the number is linked to it. A second call goes on
    /// where the first one failed, or changes nothing.
    ///
    /// The last write marks the messages as relinked if they were all that had arrived.
    pub async fn relink(env: &Env, upstream: u64, sequence: Sequence, now: Timestamp) -> Result<()> {
        let rows = env.table()?;
        let link = Self::load(rows, &upstream).await?;
        let Some(link) = link.filter(|link| link.sequence == sequence) else {
            return Ok(());
        };
        let relinked = Self {
            upstream,
            relinked: true,
            ttl: Some(env.retention()?.progress(now)),
            ..link
        };
        if link.relinked {
            return link.renew(env, relinked, now).await;
        }
        let mut pauses = Backoff::of_writer();
        loop {
            if let Some(complete) = relink(env, upstream, sequence.0, now).await? {
                let same = When::number("sequence", sequence.0.cast_signed());
                let relinked = Write::put(Self::key(rows, &upstream), &relinked, same)?;
                if rows.write(vec![relinked, complete]).await? {
                    return Ok(());
                }
            }
            pauses
                .wait_or("a case number receives too many messages at once")
                .await?;
        }
    }

    /// Replaces the link by this one, which lives on from now, if it would end before a message about the case may.
    async fn renew(&self, env: &Env, renewed: Self, now: Timestamp) -> Result<()> {
        let needed = env.retention()?.change(now);
        if self.ttl.is_some_and(|ttl| ttl >= needed) {
            return Ok(());
        }
        let rows = env.table()?;
        let same = When::number("sequence", self.sequence.0.cast_signed());
        let write = Write::put(Self::key(rows, &renewed.upstream), &renewed, same)?;
        // Another worker has renewed it if this write is refused.
        rows.write(vec![write]).await.map(drop)
    }

    /// The condition that the number is not linked yet.
    pub fn unclaimed(rows: Table<'_>, upstream: u64) -> Write {
        Write::check(Self::key(rows, &upstream), When::Absent)
    }
}
