//! A proposal as it is stored. How far it is on its way to the funder is its [`Stage`], and only one write leads from a stage
//! to the next: that is what keeps it from being sent twice.

use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, ProposalId, QuoteId};
use model::person::Customer;
use model::proposal::{Decision, Document, Proposal, ProposalStatus};
use model::quote::Environment;
use model::{Error, Kind, Result};
use partners::Reference;
use runtime::Cx;
use runtime::due::Due;
use runtime::store::{Key, When, Write};
use serde::{Deserialize, Serialize};

use super::documents::Kept;
use crate::Env;
use crate::quote::{Failure, QuoteRow};

/// Proposals are kept this long, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;
/// A proposal still waiting after this long is looked at: its message may be lost.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// How far a proposal is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Stage {
    /// Nothing has been sent, or nothing has arrived: it may be sent.
    Waiting,
    /// Somebody is sending it. If they die, nobody knows whether it arrived.
    Sending,
    /// It may have arrived. It is asked after, and not sent.
    Unknown,
    /// The funder has it.
    Sent,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalRow {
    pub id: ProposalId,
    pub quote_id: QuoteId,
    /// The `sub` of whoever made it.
    pub owner: String,
    pub funder_name: String,
    pub environment: Environment,
    pub external_quote_id: String,
    pub status: ProposalStatus,
    pub stage: Stage,
    /// The customer as JSON text, for the decimals in it.
    customer: String,
    pub documents: Vec<Kept>,
    /// How often it was sent, or tried to be.
    pub attempt: u32,
    /// How often the funder was asked what became of it since its stage changed.
    pub checks: u32,
    /// How often the funder said meanwhile that it has no such proposal.
    #[serde(default)]
    pub denials: u32,
    /// It was sent again because the funder denied having it. That happens once.
    #[serde(default)]
    pub resent: bool,
    pub correlation_id: CorrelationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The status that the world has been told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<ProposalStatus>,
    revision: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it came to its stage.
    pub stage_at: Timestamp,
    /// When it came to its status: however often that is told, it happened then.
    pub status_at: Timestamp,
    #[serde(flatten)]
    pub due: Due,
    pub ttl: i64,
}

impl ProposalRow {
    /// What the list of proposals is called that wait for a time.
    pub const DUE: &str = "PROPOSAL";

    pub fn pending(
        id: ProposalId,
        quote: &QuoteRow,
        customer: &Customer,
        documents: Vec<Kept>,
        correlation: CorrelationId,
        now: Timestamp,
    ) -> Result<Self> {
        let price = quote.price.as_ref();
        let price = price.ok_or_else(|| Error::new(Kind::Internal, "a quote to propose has no price"))?;
        Ok(Self {
            id,
            quote_id: quote.id,
            owner: quote.owner.clone(),
            funder_name: quote.funder_name.clone(),
            environment: quote.environment,
            external_quote_id: price.external_quote_id.clone(),
            status: ProposalStatus::Pending,
            stage: Stage::Waiting,
            customer: serde_json::to_string(customer)
                .map_err(|error| Error::new(Kind::Internal, "a customer").because(error))?,
            documents,
            attempt: 0,
            checks: 0,
            denials: 0,
            resent: false,
            correlation_id: correlation,
            external_id: None,
            reason: None,
            failure: None,
            announced: None,
            revision: 0,
            created_at: now,
            updated_at: now,
            stage_at: now,
            status_at: now,
            due: Due::at(Self::DUE, now.checked_add(PATIENCE).ok()),
            ttl: now.as_second().saturating_add(KEPT),
        })
    }

    pub fn key(env: &Env, id: ProposalId) -> Result<Key> {
        Ok(Key::new(env.table()?, format!("PROPOSAL#{id}"), Some("PROPOSAL")))
    }

    pub async fn load(env: &Env, id: ProposalId) -> Result<Option<Self>> {
        env.read(&Self::key(env, id)?).await
    }

    /// The row, where this caller may look at it; somebody else's is as absent as none.
    pub async fn visible(cx: &Cx<Env>, id: ProposalId) -> Result<Self> {
        let row = Self::load(&cx.env, id).await?;
        row.filter(|row| cx.caller.may_see(&row.owner))
            .ok_or_else(Error::not_found)
    }

    pub fn customer(&self) -> Result<Customer> {
        serde_json::from_str(&self.customer)
            .map_err(|error| Error::new(Kind::Internal, "a stored customer").because(error))
    }

    /// What the funder is sent.
    pub fn proposal(&self, documents: Vec<Document>) -> Result<Proposal> {
        Ok(Proposal {
            id: self.id,
            correlation: self.correlation_id,
            external_quote_id: self.external_quote_id.clone(),
            customer: self.customer()?,
            documents,
        })
    }

    /// What the funder is asked about.
    pub fn reference(&self) -> Reference<'_> {
        Reference {
            proposal: self.id,
            correlation: self.correlation_id,
            external_quote_id: &self.external_quote_id,
        }
    }

    /// The first write of this row.
    pub fn create(&self, env: &Env) -> Result<Write> {
        Write::put(Self::key(env, self.id)?, self, When::Absent)
    }

    /// The write that replaces the revision this row was read or written as.
    pub fn replace(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        let before = self.revision;
        self.revision += 1;
        self.updated_at = now;
        Write::put(Self::key(env, self.id)?, self, When::number("revision", before.into()))
    }

    /// Comes to a stage, and is looked at again `after`.
    pub fn stage(&mut self, stage: Stage, now: Timestamp, after: SignedDuration) {
        if stage != self.stage {
            self.stage_at = now;
            self.checks = 0;
            self.denials = 0;
        }
        self.stage = stage;
        self.due = Due::at(Self::DUE, now.checked_add(after).ok());
    }

    /// Nothing has been sent: it waits to be, and whoever sends it is told to in `delay`.
    pub fn wait(&mut self, now: Timestamp, delay: SignedDuration) {
        self.stage(Stage::Waiting, now, PATIENCE.saturating_add(delay));
    }

    /// Nothing more is done by itself.
    pub fn rest(&mut self) {
        self.due = Due::default();
    }

    pub fn rests(&self) -> bool {
        self.due == Due::default()
    }

    /// Whether the world does not know yet how it stands.
    pub fn is_news(&self) -> bool {
        self.status != ProposalStatus::Pending && self.announced != Some(self.status)
    }

    /// Whether a decision changes anything.
    pub fn learns(&self, decision: &Decision) -> bool {
        let named = self.external_id.is_none() && decision.external_id.is_some();
        decision.status.rank() > self.status.rank() || (named && !self.status.is_final())
    }

    /// What the funder says. It never takes a proposal back. A final one stays due until the world knows.
    pub fn decided(&mut self, decision: Decision, now: Timestamp) {
        if decision.status.rank() > self.status.rank() {
            self.status = decision.status;
            self.status_at = now;
            self.reason = decision.reason;
        }
        self.external_id = self.external_id.take().or(decision.external_id);
    }

    /// It never got to the funder, or the funder would not take it.
    pub fn failed(&mut self, error: &Error, now: Timestamp) {
        self.status = ProposalStatus::Failed;
        self.status_at = now;
        self.failure = Some(Failure::of(error));
        self.due = Due::at(Self::DUE, Some(now));
    }
}
