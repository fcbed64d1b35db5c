//! What the hub knows from upstream about a case: its answers to changes, and its number of the case.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use partners_cases::UpstreamAnswer;
use runtime::port::store::{Key, When, Write};
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
}

impl AnswerRow {
    /// Under the case, beside the change.
    pub fn write(rows: Table<'_>, sequence: Sequence, n: u64, answer: UpstreamAnswer, at: Timestamp) -> Result<Write> {
        let key = rows.key(format!("CASE#{sequence}"), &format!("ANSWER#{n:06}"));
        // An operator may resend a change.
        Write::put(
            key,
            &Self { n, at, answer },
            When::Any(vec![When::Absent, When::number("n", n.cast_signed())]),
        )
    }
}

/// A link is refused this often, because messages arrive meanwhile, before it fails.
const MAX_TRIES: u8 = 16;

/// Links a case number of upstream to our case.
#[derive(Serialize, Deserialize)]
pub struct UpstreamRow {
    #[serde(default)]
    upstream: u64,
    pub sequence: Sequence,
    /// Whether the case has the messages that arrived before the link.
    #[serde(default)]
    pub relinked: bool,
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

impl UpstreamRow {
    /// Links upstream's number to this case, also for messages that arrived earlier. A second call goes on where the first one
    /// crashed, or changes nothing. False if the number is linked to another case.
    ///
    /// The link comes first: a message that arrives from then on is stored with the case. The last write marks the earlier ones
    /// as relinked if they were all that had arrived.
    pub async fn claim(env: &Env, upstream: u64, sequence: Sequence, now: Timestamp) -> Result<bool> {
        let rows = env.table()?;
        let link = Self {
            upstream,
            sequence,
            relinked: env.upstream_channel().is_none(),
        };
        let link = link.insert(rows).await?.unwrap_or(link);
        if link.sequence != sequence || link.relinked {
            return Ok(link.sequence == sequence);
        }
        for _ in 0..MAX_TRIES {
            let Some(complete) = relink(env, upstream, sequence.0, now).await? else {
                continue;
            };
            let same = When::number("sequence", sequence.0.cast_signed());
            let relinked = Self {
                upstream,
                relinked: true,
                ..link
            };
            let relinked = Write::put(Self::key(rows, &upstream), &relinked, same)?;
            if rows.write(vec![relinked, complete]).await? {
                return Ok(true);
            }
        }
        Err(Error::new(
            Kind::Unavailable,
            "a case number receives too many messages at once",
        ))
    }

    /// The condition that the number is not linked yet.
    pub fn unclaimed(rows: Table<'_>, upstream: u64) -> Write {
        Write::check(Self::key(rows, &upstream), When::Absent)
    }
}
