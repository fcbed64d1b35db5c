//! What the hub knows from upstream about a case: its answers to changes, and its number of the case.

use jiff::Timestamp;
use model::Result;
use partners_cases::UpstreamAnswer;
use runtime::port::store::{Key, When, Write};
use runtime::work::row::Table;
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

/// Links a case number of upstream to our case.
#[derive(Serialize, Deserialize)]
pub struct UpstreamRow {
    pub sequence: Sequence,
}

impl UpstreamRow {
    pub async fn load(rows: Table<'_>, upstream: u64) -> Result<Option<Self>> {
        rows.read(&Self::key(rows, upstream)).await
    }

    /// Links upstream's number to this case, also for messages that arrived earlier. A second call changes nothing. False if
    /// the number is linked to another case.
    pub async fn claim(env: &Env, upstream: u64, sequence: Sequence, now: Timestamp) -> Result<bool> {
        let same = When::number("sequence", sequence.0.cast_signed());
        let claim = When::Any(vec![When::Absent, same]);
        let rows = env.table()?;
        let write = Write::put(Self::key(rows, upstream), &Self { sequence }, claim)?;
        if !rows.write(vec![write]).await? {
            return Ok(false);
        }
        relink(env, upstream, sequence.0, now).await?;
        Ok(true)
    }

    /// The condition that the number is not linked yet.
    pub fn unclaimed(rows: Table<'_>, upstream: u64) -> Write {
        Write::check(Self::key(rows, upstream), When::Absent)
    }

    fn key(rows: Table<'_>, upstream: u64) -> Key {
        rows.key(format!("UPSTREAM#{upstream}"), "UPSTREAM")
    }
}
