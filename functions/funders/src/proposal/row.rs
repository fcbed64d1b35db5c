//! A proposal as it is stored. Its [`Phase`] says how far it is on its way to the funder. Only one write leads from a phase to
//! the next, which keeps a proposal from being sent twice.

use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::person::Customer;
use model::proposal::{Decision, Proposal, ProposalDocument, ProposalStatus};
use model::quote::Environment;
use model::{Error, Kind, Result};
use partners_funders::Reference;
use runtime::Cx;
use runtime::port::store::Key;
use runtime::work::due::DueTime;
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};

use super::documents::StoredProposalDocument;
use crate::Env;
use crate::quote::{QuoteRow, StoredFailure};

/// Seconds.
const RETENTION: i64 = 90 * 24 * 60 * 60;
/// The schedule looks at a proposal that is still waiting after this long: its message may be lost.
const MESSAGE_TIMEOUT: SignedDuration = SignedDuration::from_mins(10);

/// How far a proposal is on its way to the funder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Phase {
    /// Nothing has been sent, or nothing has arrived: it may be sent.
    Waiting,
    /// A worker is sending it. If the worker crashes, the proposal may have arrived.
    Sending,
    /// It may have arrived. The schedule asks the funder, and no worker sends it.
    Unknown,
    /// The funder has it.
    Sent,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalRow {
    pub id: ProposalId,
    pub quote_id: QuoteId,
    /// The `sub` of the quote's owner.
    pub owner: String,
    /// The `sub` of the caller that asked for it.
    #[serde(default)]
    pub requested_by: String,
    pub funder_name: String,
    pub environment: Environment,
    pub external_quote_id: String,
    pub status: ProposalStatus,
    /// What only an event reports: callers see it unconfirmed. The funder's answer ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reported: Option<Reported>,
    /// A signed event has named it, so that it has arrived and no worker sends it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_named: bool,
    pub phase: Phase,
    /// The customer as JSON text, which keeps its decimals exact.
    customer: String,
    pub documents: Vec<StoredProposalDocument>,
    /// How many attempts were made to send it.
    pub attempt: u32,
    /// The requests to submit it that failed. The log counts on from here.
    #[serde(default)]
    pub failed_attempts: u32,
    /// How often the schedule has asked the funder since the phase changed.
    pub checks: u32,
    /// How often the funder has answered since then that it has no such proposal.
    #[serde(default)]
    pub denials: u32,
    /// It was sent again because the funder denied having it. That happens once at most.
    #[serde(default)]
    pub resent: bool,
    pub correlation_id: CorrelationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<StoredFailure>,
    /// The status of the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<ProposalStatus>,
    #[serde(flatten)]
    pub version: Version,
    pub created_at: Timestamp,
    /// When callers last saw it change. Rows of older versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_at: Option<Timestamp>,
    /// When it came to its phase.
    pub phase_at: Timestamp,
    /// When it came to its status, which is the time of the event.
    pub status_at: Timestamp,
    #[serde(flatten)]
    pub due: DueTime,
    pub ttl: i64,
}

#[derive(Clone, Serialize, Deserialize)]
struct Reported {
    status: ProposalStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    at: Timestamp,
}

impl Row for ProposalRow {
    type Id = ProposalId;

    fn key(table: Table<'_>, id: &ProposalId) -> Key {
        table.key(format!("PROPOSAL#{id}"), "PROPOSAL")
    }

    fn id(&self) -> &ProposalId {
        &self.id
    }
}

impl Revised for ProposalRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl ProposalRow {
    /// The due list of proposals that the schedule will look at.
    pub const DUE_LIST: &str = "PROPOSAL";

    pub fn pending(
        id: ProposalId,
        quote: &QuoteRow,
        requested_by: &str,
        customer: &Customer,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Result<Self> {
        let price = quote.price.as_ref();
        let price = price.ok_or_else(|| Error::new(Kind::Internal, "a quote to propose has no price"))?;
        Ok(Self {
            id,
            quote_id: quote.id,
            owner: quote.owner.clone(),
            requested_by: requested_by.to_owned(),
            funder_name: quote.funder_name.clone(),
            environment: quote.environment,
            external_quote_id: price.external_quote_id.clone(),
            status: ProposalStatus::Pending,
            reported: None,
            is_named: false,
            phase: Phase::Waiting,
            customer: serde_json::to_string(customer)
                .map_err(|error| Error::new(Kind::Internal, "a customer").because(error))?,
            documents: Vec::new(),
            attempt: 0,
            failed_attempts: 0,
            checks: 0,
            denials: 0,
            resent: false,
            correlation_id: correlation,
            external_id: None,
            reason: None,
            failure: None,
            announced: None,
            version: Version::first(now),
            created_at: now,
            changed_at: Some(now),
            phase_at: now,
            status_at: now,
            due: DueTime::at(Self::DUE_LIST, now.checked_add(MESSAGE_TIMEOUT).ok()),
            ttl: now.as_second().saturating_add(RETENTION),
        })
    }

    /// The row, if this caller may see it. Another caller's row gives the same error as none.
    pub async fn visible(cx: &Cx<Env>, id: ProposalId) -> Result<Self> {
        let row = Self::load(cx.env.table()?, &id).await?;
        row.filter(|row| cx.caller.may_see(&row.owner))
            .ok_or_else(Error::not_found)
    }

    pub fn customer(&self) -> Result<Customer> {
        serde_json::from_str(&self.customer).map_err(|error| Error::unreadable("a stored customer", &error))
    }

    /// The proposal as the funder gets it.
    pub fn proposal(&self, documents: Vec<ProposalDocument>) -> Result<Proposal> {
        Ok(Proposal {
            id: self.id,
            correlation: self.correlation_id,
            external_quote_id: self.external_quote_id.clone(),
            customer: self.customer()?,
            documents,
        })
    }

    /// Names the proposal to the funder.
    pub fn reference(&self) -> Reference<'_> {
        Reference {
            proposal: self.id,
            correlation: self.correlation_id,
            external_quote_id: &self.external_quote_id,
        }
    }

    /// Enters a phase. The schedule looks at the proposal again `after`.
    pub fn enter(&mut self, phase: Phase, now: Timestamp, after: SignedDuration) {
        if phase != self.phase {
            self.phase_at = now;
            self.checks = 0;
            self.denials = 0;
        }
        self.phase = phase;
        self.due = DueTime::at(Self::DUE_LIST, now.checked_add(after).ok());
    }

    /// Whether a worker has begun to send it, with whatever result. The funder cannot know any other proposal.
    pub fn was_sent(&self) -> bool {
        self.attempt > 0 && self.phase != Phase::Sending
    }

    /// A signed event names it, so that it has arrived whatever the sender has seen. The schedule asks the funder `after`, and
    /// then again with growing pauses.
    pub fn named(&mut self, now: Timestamp, after: SignedDuration) {
        let phase = match self.phase {
            Phase::Sent => Phase::Sent,
            Phase::Waiting | Phase::Sending | Phase::Unknown => Phase::Unknown,
        };
        self.is_named = true;
        self.checks = 0;
        self.enter(phase, now, after);
    }

    /// Nothing has arrived: it waits to be sent by a message that comes in `delay`.
    pub fn wait(&mut self, now: Timestamp, delay: SignedDuration) {
        self.enter(Phase::Waiting, now, MESSAGE_TIMEOUT.saturating_add(delay));
    }

    /// The same, as if it came to this phase now: its time begins again.
    pub fn wait_anew(&mut self, now: Timestamp) {
        self.phase_at = now;
        self.wait(now, SignedDuration::ZERO);
    }

    /// The schedule does not look at it again.
    pub fn set_idle(&mut self) {
        self.due = DueTime::default();
    }

    pub fn is_idle(&self) -> bool {
        self.due == DueTime::default()
    }

    /// Whether the event of its status has not been published.
    pub fn is_unannounced(&self) -> bool {
        self.status != ProposalStatus::Pending && self.announced != Some(self.status)
    }

    /// Whether the funder's own decision changes anything.
    pub fn is_changed_by(&self, decision: &Decision) -> bool {
        let named = self.external_id.is_none() && decision.external_id.is_some();
        let higher = decision.status.rank() > self.status.rank();
        higher || (!self.status.is_final() && (named || self.reported.is_some()))
    }

    /// Takes the funder's own decision over. A status never goes down. A decided proposal stays due until its event has been
    /// published.
    pub fn decided(&mut self, decision: Decision, now: Timestamp) {
        self.change(now, |row| {
            if decision.status.rank() > row.status.rank() {
                row.status = decision.status;
                row.status_at = now;
                row.reason = decision.reason;
            }
            row.reported = None;
            row.external_id = row.external_id.take().or(decision.external_id);
        });
    }

    /// Keeps what only an event reports beside the status, unless the status or an earlier event has as much.
    pub fn report(&mut self, decision: &Decision, now: Timestamp) {
        if decision.status.rank() > self.shown().0.rank() {
            let reported = Reported {
                status: decision.status,
                reason: decision.reason.clone(),
                at: now,
            };
            self.change(now, |row| row.reported = Some(reported));
        }
    }

    /// Makes a change, and keeps its time if callers see it.
    fn change(&mut self, now: Timestamp, change: impl FnOnce(&mut Self)) {
        let seen = |row: &Self| {
            let (status, reason) = row.shown();
            (
                status,
                reason.map(str::to_owned),
                row.is_confirmed(),
                row.external_id.clone(),
            )
        };
        let before = seen(self);
        change(self);
        if seen(self) != before {
            self.changed_at = Some(now);
        }
    }

    /// When callers last saw it change: workers write the row more often.
    pub fn changed_at(&self) -> Timestamp {
        let reported_at = self.reported.as_ref().map(|reported| reported.at);
        self.changed_at.or(reported_at).unwrap_or(self.status_at)
    }

    /// The status that callers see, and its reason.
    pub fn shown(&self) -> (ProposalStatus, Option<&str>) {
        match &self.reported {
            Some(reported) => (reported.status, reported.reason.as_deref()),
            None => (self.status, self.reason.as_deref()),
        }
    }

    pub fn is_confirmed(&self) -> bool {
        self.reported.is_none()
    }

    /// The funder does not know the proposal.
    pub fn denied(&mut self, now: Timestamp) {
        self.denials += 1;
        self.change(now, |row| row.reported = None);
    }

    /// It never got to the funder, or the funder refused it.
    pub fn failed(&mut self, error: &Error, now: Timestamp) {
        self.change(now, |row| {
            row.status = ProposalStatus::Failed;
            row.reported = None;
        });
        self.status_at = now;
        self.failure = Some(StoredFailure::of(error));
        self.due = DueTime::at(Self::DUE_LIST, Some(now));
    }
}
