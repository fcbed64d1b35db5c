//! The forwarder's progress with a case: what is sent, the lease, the retries and the held change.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Result;
use runtime::port::metric;
use runtime::port::store::{Key, Write};
use runtime::work::lease::Lease;
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};

use crate::Env;
use crate::case::row::Sequence;

/// No worker runs longer.
const SENDER_LEASE: Duration = Duration::from_secs(45);
/// After this the forwarder stops the retries and holds the change.
const RETRY_WINDOW: SignedDuration = SignedDuration::from_hours(24);
/// A document that has no verdict after this is held. Its scan is awaited for as long as the retries last.
const SCAN_WINDOW: Duration = Duration::from_secs(15 * 60);
/// SQS delays no message longer.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
const MIN_WAIT: Duration = Duration::from_secs(5);

/// The progress of one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForwardRow {
    pub sequence: Sequence,
    /// Every change up to this one is upstream, or is never sent: an operator skipped it, or the hub refused its document.
    pub forwarded_through: u64,
    /// Without an upstream: the documents among the changes up to this one have their verdicts.
    #[serde(default)]
    pub scanned_through: u64,
    /// The changes whose documents the hub refused after it had accepted them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<u64>,
    /// The number under which upstream created the case, until it is linked to the case. Nothing is sent meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// The case's number upstream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<u64>,
    /// The change that a worker began to send. Its outcome is unknown until this is cleared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sending: Option<u64>,
    #[serde(rename = "trouble", skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The requests with the next change that failed. The log of partner calls counts on from here.
    #[serde(default)]
    pub failed_attempts: u32,
    /// The wait for a document's verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<Retry>,
    /// The forwarder sends nothing more until an operator decides, or an unscanned document has its verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    #[serde(flatten)]
    lease: Lease,
    /// A worker that lost its lease cannot write, because the next one has written.
    #[serde(flatten)]
    version: Version,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// The retries of a change that upstream does not take at the moment, or of the question for a document's verdict.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    since: Timestamp,
    attempts: u32,
    /// The next attempt is not before this.
    until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldReason {
    /// Upstream refused the change.
    Refused,
    /// Upstream may have made the change, and would make it twice.
    Unknown,
    /// The retries took too long.
    Expired,
    /// No request can be built.
    Unsendable,
    /// The scanner has no verdict on the document.
    Unscanned,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The change.
    pub n: u64,
    pub why: HoldReason,
    /// For the operator.
    pub reason: String,
    pub at: Timestamp,
}

impl Row for ForwardRow {
    type Id = Sequence;

    fn key(table: Table<'_>, id: &Sequence) -> Key {
        table.key(format!("CASE#{id}"), "FORWARD")
    }

    fn id(&self) -> &Sequence {
        &self.sequence
    }
}

impl Revised for ForwardRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl ForwardRow {
    /// Of a case of which nothing was sent.
    pub fn new(sequence: Sequence) -> Self {
        Self {
            sequence,
            forwarded_through: 0,
            scanned_through: 0,
            refused: BTreeSet::new(),
            created: None,
            upstream: None,
            sending: None,
            retry: None,
            failed_attempts: 0,
            scan: None,
            held: None,
            lease: Lease::default(),
            version: Version::default(),
            ttl: None,
        }
    }

    /// The write that replaces the row, which lives on from now.
    pub fn renew(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        // A shorter retention than before must not end it before the changes that it counts.
        self.ttl = self.ttl.max(Some(env.retention()?.progress(now)));
        self.replace(env.table()?, now)
    }

    /// How long another worker's lease lasts.
    pub fn lease_left(&self, now: Timestamp) -> Option<Duration> {
        self.lease.left(now)
    }

    /// How long to wait for the next attempt, or for the next question for a verdict.
    pub fn retry_wait(&self, now: Timestamp) -> Option<Duration> {
        let until = self.retry.iter().chain(&self.scan).map(|retry| retry.until).max()?;
        let left = Duration::try_from(until.duration_since(now)).ok();
        left.filter(|left| !left.is_zero())
    }

    /// Whether the held change goes on by itself once its document has a verdict.
    pub fn awaits_verdict(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.why == HoldReason::Unscanned)
    }

    pub fn lease(&mut self, now: Timestamp) {
        self.lease.take(now, SENDER_LEASE);
    }

    pub fn release(&mut self) {
        self.lease.release();
    }

    /// Upstream created the case under this number.
    pub fn record_number(&mut self, upstream: u64) {
        self.created = Some(upstream);
        self.sending = None;
        self.retry = None;
    }

    /// One change is upstream, and the case's number there is linked. Any worker may send the next one.
    pub fn advance(&mut self, n: u64) {
        self.forwarded_through = n;
        self.upstream = self.created.take().or(self.upstream);
        self.sending = None;
        self.retry = None;
        self.failed_attempts = 0;
        self.release();
    }

    /// The next change's document is clean.
    pub fn clear(&mut self) {
        self.scan = None;
        self.held = None;
    }

    /// The change is never sent.
    pub fn refuse(&mut self, n: u64) {
        self.refused.insert(n);
        self.clear();
    }

    pub fn hold(&mut self, n: u64, why: HoldReason, reason: impl Into<String>, now: Timestamp) {
        let reason = reason.into();
        self.held = Some(Held {
            n,
            why,
            reason,
            at: now,
        });
        self.created = None;
        self.sending = None;
        self.retry = None;
        self.scan = None;
        self.release();
    }

    /// An operator decided that the held change is sent, or skipped.
    pub fn resume(&mut self, skipped: bool, upstream: Option<u64>, now: Timestamp) {
        let Some(held) = self.held.take() else { return };
        match (held.why, skipped) {
            (HoldReason::Unscanned, true) => self.refuse(held.n),
            // The scanner is asked at once.
            (HoldReason::Unscanned, false) => {
                if let Some(scan) = &mut self.scan {
                    scan.until = now;
                }
            }
            (_, true) => {
                self.forwarded_through = held.n;
                self.failed_attempts = 0;
            }
            (_, false) => {}
        }
        self.upstream = upstream.or(self.upstream);
    }

    /// Schedules the next attempt and returns the wait, which is at least `asked`. None after the retry window.
    pub fn postpone(&mut self, asked: Option<Duration>, now: Timestamp) -> Option<Duration> {
        let retry = self.retry.get_or_insert(Retry::new(now));
        if retry.age(now) >= RETRY_WINDOW {
            return None;
        }
        let wait = retry.next(asked.unwrap_or_default()..=MAX_WAIT, now);
        self.release();
        Some(wait)
    }

    /// Schedules the next question for the verdict on the document of change `n` and returns the wait. None if the hub no
    /// longer asks by itself. A document that is late is held.
    pub fn await_verdict(&mut self, n: u64, reason: impl Into<String>, now: Timestamp) -> Option<Duration> {
        let scan = self.scan.get_or_insert(Retry::new(now));
        let age = scan.age(now);
        let left = SCAN_WINDOW.saturating_sub(age.unsigned_abs());
        if !left.is_zero() {
            return Some(scan.next(Duration::ZERO..=left, now));
        }
        let wait = (age < RETRY_WINDOW).then(|| scan.next(MAX_WAIT..=MAX_WAIT, now));
        let at = self.held.as_ref().map_or(now, |held| held.at);
        self.held = Some(Held {
            n,
            why: HoldReason::Unscanned,
            reason: reason.into(),
            at,
        });
        wait
    }
}

impl Retry {
    fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            attempts: 0,
            until: now,
        }
    }

    fn age(&self, now: Timestamp) -> SignedDuration {
        now.duration_since(self.since)
    }

    /// Schedules the next attempt and returns the wait, which grows within the limits.
    fn next(&mut self, limits: RangeInclusive<Duration>, now: Timestamp) -> Duration {
        let doubled = MIN_WAIT.saturating_mul(2u32.saturating_pow(self.attempts));
        let wait = doubled.max(*limits.start()).min(*limits.end());
        self.attempts += 1;
        self.until = now.saturating_add(wait).unwrap_or(Timestamp::MAX);
        wait
    }
}

/// Counts a message for a held case. The alarm on this metric calls an operator.
pub fn raise_alarm() {
    metric::count("ForwardHeld", 1);
}
