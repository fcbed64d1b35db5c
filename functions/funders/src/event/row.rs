//! A funder's event as it is stored.

use jiff::Timestamp;
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use model::{Error, Kind, Result};
use partners_funders::Notice;
use runtime::port::store::{Key, When, Write};
use serde::{Deserialize, Serialize};

use crate::Env;
use crate::proposal::decision::usable;

/// Longer than any funder repeats an event, in seconds.
const RETENTION: i64 = 30 * 24 * 60 * 60;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    pub funder_name: String,
    /// The funder's id of the event.
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
            ttl: now.as_second().saturating_add(RETENTION),
        })
    }

    pub fn key(env: &Env, funder: &str, event_id: &str) -> Result<Key> {
        let pk = format!("EVENT#{funder}#{event_id}");
        Ok(Key::new(env.table()?, pk, Some("EVENT")))
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

    /// Marks the event as applied. A later delivery has no effect.
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

/// The message arrived before its row.
pub fn absent() -> Error {
    Error::new(Kind::Unavailable, "an event to apply is not there yet")
}
