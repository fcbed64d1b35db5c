//! The forwarder's progress with a case: what is sent, the lease, the retries and the held change.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::event::EventType;
use runtime::port::metric;
use runtime::port::store::{Key, Write};
use runtime::work::due::DueTime;
use runtime::work::lease::Lease;
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};

use super::held::{ChangeState, Held, HoldNotice, HoldReason};
use crate::Env;
use crate::case::parts::CasePart;
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
/// The list of cases with a held change, which operators read.
const HELD_LIST: &str = "HELD";

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
    /// The changes that an operator skipped.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    skipped: BTreeSet<u64>,
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
    /// What the subscribers do not know yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<HoldNotice>,
    /// The row is in the list of held changes while it holds one.
    #[serde(flatten)]
    due: DueTime,
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
            skipped: BTreeSet::new(),
            created: None,
            upstream: None,
            sending: None,
            retry: None,
            failed_attempts: 0,
            scan: None,
            held: None,
            notices: Vec::new(),
            due: DueTime::default(),
            lease: Lease::default(),
            version: Version::default(),
            ttl: None,
        }
    }

    /// The write that replaces the row, which lives on from now.
    pub fn renew(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        // A shorter retention than before must not end it before the changes that it counts.
        self.ttl = self.ttl.max(Some(env.retention()?.progress(now)));
        self.due = DueTime::at(HELD_LIST, self.held.as_ref().map(|held| held.at));
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

    /// The changes up to this one are accepted, refused or skipped.
    pub fn done(&self) -> u64 {
        let accepted_now = self.created.map_or(0, |_| self.forwarded_through + 1);
        self.forwarded_through.max(self.scanned_through).max(accepted_now)
    }

    /// What became of a change.
    pub fn state_of(&self, n: u64) -> ChangeState {
        match () {
            () if self.hold_of(n).is_some() => ChangeState::Held,
            () if self.refused.contains(&n) => ChangeState::Refused,
            () if self.skipped.contains(&n) => ChangeState::Skipped,
            () if n <= self.done() => ChangeState::Accepted,
            () if self.sending == Some(n) => ChangeState::Sent,
            () => ChangeState::Pending,
        }
    }

    /// Why a change is held, if it is.
    pub fn hold_of(&self, n: u64) -> Option<HoldReason> {
        self.held.as_ref().filter(|held| held.n == n).map(|held| held.why)
    }

    /// The next change's document is clean.
    pub fn clear(&mut self, now: Timestamp) {
        self.scan = None;
        self.end_hold(now);
    }

    /// The change is never sent.
    pub fn refuse(&mut self, n: u64, now: Timestamp) {
        self.refused.insert(n);
        self.clear(now);
    }

    pub fn hold(&mut self, held: Held) {
        self.begin_hold(held);
        self.created = None;
        self.sending = None;
        self.retry = None;
        self.scan = None;
        self.release();
    }

    /// An operator decided that the held change is sent, or skipped.
    pub fn resume(&mut self, skipped: bool, upstream: Option<u64>, now: Timestamp) {
        let Some(held) = self.end_hold(now) else { return };
        match (held.why, skipped) {
            (HoldReason::Unscanned, true) => self.refuse(held.n, now),
            // The scanner is asked at once.
            (HoldReason::Unscanned, false) => {
                if let Some(scan) = &mut self.scan {
                    scan.until = now;
                }
            }
            (_, true) => {
                self.forwarded_through = held.n;
                self.failed_attempts = 0;
                self.skipped.insert(held.n);
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
        let held = Held::new((n, Some(CasePart::Document)), HoldReason::Unscanned, reason.into(), now);
        match &mut self.held {
            Some(known) => known.reason = held.reason,
            None => self.begin_hold(held),
        }
        wait
    }

    fn begin_hold(&mut self, held: Held) {
        self.notices.push(HoldNotice::of(EventType::CaseHeld, &held, held.at));
        self.held = Some(held);
    }

    fn end_hold(&mut self, now: Timestamp) -> Option<Held> {
        let held = self.held.take()?;
        self.notices.push(HoldNotice::of(EventType::CaseResumed, &held, now));
        Some(held)
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
