//! How far a case has been sent on, who is at it, and what upstream said.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Result;
use partners::bqs::Said;
use runtime::Domain;
use runtime::store::{Key, Outcome, When, Write};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Env;
use crate::case::row::Sequence;
use crate::message::adopt;

/// Whoever has a case has let go of it after this: no function lives longer.
const LEASE: SignedDuration = SignedDuration::from_secs(45);
/// What does not get through is tried for so long.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);
/// The longest pause, which is also the longest that SQS delays a message.
const LONGEST: Duration = Duration::from_secs(15 * 60);
const SHORTEST: Duration = Duration::from_secs(5);

/// A case on its way upstream.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForwardRow {
    pub sequence: Sequence,
    /// Every change up to this one is upstream, or was skipped by an operator.
    pub forwarded_through: u64,
    /// The number that upstream gave the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<u64>,
    /// The change that may have been sent, and whose outcome is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Nothing more is sent until an operator has decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Lease>,
    /// Counts writes. Every write names the revision it replaces, so that whoever lost the case writes nothing more.
    revision: i64,
    pub updated_at: Timestamp,
}

/// What does not get through for the moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    since: Timestamp,
    attempts: u32,
    /// Not before then again.
    until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Upstream understood and said no.
    Refused,
    /// It may have been made, and upstream would make it twice.
    Unknown,
    /// It did not get through for too long.
    Expired,
    /// There is nothing that could be sent.
    Unsendable,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The change.
    pub n: u64,
    pub why: Why,
    pub reason: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lease {
    owner: Uuid,
    until: Timestamp,
}

impl ForwardRow {
    fn new(sequence: Sequence, now: Timestamp) -> Self {
        Self {
            sequence,
            forwarded_through: 0,
            upstream: None,
            sending: None,
            trouble: None,
            held: None,
            lease: None,
            revision: 0,
            updated_at: now,
        }
    }

    fn key(env: &Env, sequence: Sequence) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("CASE#{sequence}"), Some("FORWARD")))
    }

    pub async fn load(env: &Env, sequence: Sequence, now: Timestamp) -> Result<Self> {
        let row = env.read(&Self::key(env, sequence)?).await?;
        Ok(row.unwrap_or_else(|| Self::new(sequence, now)))
    }

    /// The write that replaces what was read or written as.
    pub fn replace(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        let before = match self.revision {
            0 => When::Absent,
            revision => When::number("revision", revision),
        };
        self.revision += 1;
        self.updated_at = now;
        Write::put(Self::key(env, self.sequence)?, self, before)
    }

    /// How long somebody else has it.
    pub fn taken_for(&self, now: Timestamp) -> Option<Duration> {
        left(self.lease.as_ref()?.until, now)
    }

    /// How long it is too early to try again.
    pub fn rests_for(&self, now: Timestamp) -> Option<Duration> {
        left(self.trouble.as_ref()?.until, now)
    }

    pub fn take(&mut self, owner: Uuid, now: Timestamp) {
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        self.lease = Some(Lease { owner, until });
    }

    pub fn release(&mut self) {
        self.lease = None;
    }

    /// One change is upstream. Between two of them the case is anybody's.
    pub fn passed(&mut self, n: u64) {
        self.forwarded_through = n;
        self.sending = None;
        self.trouble = None;
        self.release();
    }

    pub fn hold(&mut self, n: u64, why: Why, reason: impl Into<String>, now: Timestamp) {
        let reason = reason.into();
        self.held = Some(Held {
            n,
            why,
            reason,
            at: now,
        });
        self.sending = None;
        self.trouble = None;
        self.release();
    }

    /// An operator has decided that the change that was held is sent, or never is.
    pub fn decided(&mut self, skipped: bool, upstream: Option<u64>) {
        if let Some(held) = self.held.take()
            && skipped
        {
            self.forwarded_through = held.n;
        }
        self.upstream = upstream.or(self.upstream);
    }

    /// How long to wait before it is tried again, at least `asked`. None where it has been tried for too long.
    pub fn postpone(&mut self, asked: Option<Duration>, now: Timestamp) -> Option<Duration> {
        let trouble = self.trouble.get_or_insert(Trouble {
            since: now,
            attempts: 0,
            until: now,
        });
        if now.duration_since(trouble.since) >= PATIENCE {
            return None;
        }
        let doubled = SHORTEST.saturating_mul(2u32.saturating_pow(trouble.attempts));
        let wait = doubled.max(asked.unwrap_or_default()).min(LONGEST);
        trouble.attempts += 1;
        trouble.until = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        self.release();
        Some(wait)
    }
}

fn left(until: Timestamp, now: Timestamp) -> Option<Duration> {
    let left = Duration::try_from(until.duration_since(now)).ok()?;
    (!left.is_zero()).then_some(left)
}

/// What upstream said to one change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerRow {
    n: u64,
    at: Timestamp,
    #[serde(flatten)]
    said: Said,
}

impl AnswerRow {
    /// Under the case, beside the change.
    pub fn write(env: &Env, sequence: Sequence, n: u64, said: Said, at: Timestamp) -> Result<Write> {
        let key = Key::new(
            env.table()?,
            format!("CASE#{sequence}"),
            Some(&format!("ANSWER#{n:06}")),
        );
        // An operator may have a change sent again.
        Write::put(
            key,
            &Self { n, at, said },
            When::Any(vec![When::Absent, When::number("n", n.cast_signed())]),
        )
    }
}

/// Finds a case by the number that upstream knows it by.
#[derive(Serialize, Deserialize)]
pub struct UpstreamRow {
    pub sequence: Sequence,
}

impl UpstreamRow {
    pub async fn load(env: &Env, upstream: u64) -> Result<Option<Self>> {
        env.read(&Self::key(env, upstream)?).await
    }

    /// Makes upstream's number mean this case from now on, for messages that came before it was known as well. Done twice
    /// it changes nothing. False where the number is another case's.
    pub async fn claim(env: &Env, upstream: u64, sequence: Sequence, now: Timestamp) -> Result<bool> {
        let ours = When::number("sequence", sequence.0.cast_signed());
        let claim = When::Any(vec![When::Absent, ours]);
        let write = Write::put(Self::key(env, upstream)?, &Self { sequence }, claim)?;
        if env.store().write(vec![write]).await? != Outcome::Done {
            return Ok(false);
        }
        adopt(env, upstream, sequence.0, now).await?;
        Ok(true)
    }

    /// The condition that the number is no case's yet.
    pub fn unclaimed(env: &Env, upstream: u64) -> Result<Write> {
        Ok(Write::check(Self::key(env, upstream)?, When::Absent))
    }

    fn key(env: &Env, upstream: u64) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("UPSTREAM#{upstream}"), Some("UPSTREAM")))
    }
}
