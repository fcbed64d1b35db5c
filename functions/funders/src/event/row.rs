//! A funder's event as it is stored.

use garde::Validate;
use jiff::Timestamp;
use model::Result;
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use model::quote::Environment;
use partners_funders::Notice;
use runtime::port::store::{Key, When, Write};
use runtime::work::row::{Row, Table};
use serde::{Deserialize, Serialize};

use crate::proposal::decision::usable;

/// Longer than any funder repeats an event, in seconds.
const RETENTION: i64 = 30 * 24 * 60 * 60;

/// Names an event, also in the message to the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
pub struct EventKey {
    #[garde(length(max = 40))]
    pub funder: String,
    /// The environment whose secret signed the event. It is about no proposal of another one.
    #[garde(skip)]
    pub environment: Environment,
    /// The funder's id of the event, unique within the environment.
    #[garde(length(max = 255))]
    pub event: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRow {
    #[serde(flatten)]
    pub id: EventKey,
    pub proposal_id: ProposalId,
    status: ProposalStatus,
    external_id: Option<String>,
    reason: Option<String>,
    pub happened_at: Timestamp,
    pub applied_at: Option<Timestamp>,
    pub received_at: Timestamp,
    ttl: i64,
}

impl Row for EventRow {
    type Id = EventKey;

    fn key(table: Table<'_>, id: &EventKey) -> Key {
        table.key(format!("EVENT#{}#{}#{}", id.funder, id.environment, id.event), "EVENT")
    }

    fn id(&self) -> &EventKey {
        &self.id
    }
}

impl EventRow {
    pub fn of(id: EventKey, notice: Notice, now: Timestamp) -> Result<Self> {
        let decision = usable(notice.decision)?;
        Ok(Self {
            id,
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

    pub fn decision(&self) -> Decision {
        Decision {
            status: self.status,
            external_id: self.external_id.clone(),
            reason: self.reason.clone(),
        }
    }

    /// Marks the event as applied. A later delivery has no effect.
    pub fn apply(&mut self, rows: Table<'_>, now: Timestamp) -> Result<Write> {
        self.applied_at = Some(now);
        let exists = When::text("event", &self.id.event);
        Write::put(Self::key(rows, &self.id), self, exists)
    }
}
