//! A funder's event as it is remembered.

use jiff::Timestamp;
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use model::{Error, Kind, Result};
use partners::Notice;
use runtime::store::{Key, When, Write};
use serde::{Deserialize, Serialize};

use crate::Env;
use crate::proposal::usable;

/// Longer than any sender repeats itself, in seconds.
const KEPT: i64 = 30 * 24 * 60 * 60;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    pub funder_name: String,
    /// As the funder numbered it.
    pub event_id: String,
    pub proposal_id: ProposalId,
    status: ProposalStatus,
    external_id: Option<String>,
    reason: Option<String>,
    pub happened_at: Timestamp,
    pub applied_at: Option<Timestamp>,
    received_at: Timestamp,
    ttl: i64,
}

impl EventRow {
    pub fn of(funder: &str, event_id: &str, notice: Notice, now: Timestamp) -> Result<Self> {
        let decision = usable(notice.decision)?;
        Ok(Self {
            funder_name: funder.to_owned(),
            event_id: event_id.to_owned(),
            proposal_id: notice.proposal,
            status: decision.status,
            external_id: decision.external_id,
            reason: decision.reason,
            happened_at: notice.happened_at,
            applied_at: None,
            received_at: now,
            ttl: now.as_second().saturating_add(KEPT),
        })
    }

    pub fn key(env: &Env, funder: &str, event_id: &str) -> Result<Key> {
        Ok(Key::new(
            env.table()?,
            format!("EVENT#{funder}#{event_id}"),
            Some("EVENT"),
        ))
    }

    pub fn decision(&self) -> Decision {
        Decision {
            status: self.status,
            external_id: self.external_id.clone(),
            reason: self.reason.clone(),
        }
    }

    pub fn create(&self, env: &Env) -> Result<Write> {
        Write::put(Self::key(env, &self.funder_name, &self.event_id)?, self, When::Absent)
    }

    /// Applied: from now on it is old news.
    pub fn apply(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        self.applied_at = Some(now);
        Write::put(
            Self::key(env, &self.funder_name, &self.event_id)?,
            self,
            When::text("eventId", &self.event_id),
        )
    }

    pub async fn load(env: &Env, funder: &str, event_id: &str) -> Result<Option<Self>> {
        env.read(&Self::key(env, funder, event_id)?).await
    }
}

/// An event without a place to go.
pub fn unknown() -> Error {
    Error::new(Kind::Unavailable, "an event to apply is not there yet")
}
