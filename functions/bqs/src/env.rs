//! The clients and settings that the domain's functions share.

use model::Result;
use partners_cases::{Bqs, CaseSystem};
use runtime::Domain;
use runtime::port::blob::Blobs;
use runtime::port::bus::Bus;
use runtime::port::queue::Queue;
use runtime::port::scanner::Scanner;
use runtime::transport::{Outbound, Policy, Target};
use runtime::trigger::domain::Common;
use runtime::work::row::Table;

use crate::retention::Retention;

pub struct Env {
    pub common: Common,
    pub outbound: Outbound,
}

impl Env {
    /// Channels, and the audit of their changes. Only the functions that manage them may write it.
    pub fn channels(&self) -> Result<Table<'_>> {
        self.common.table("CHANNELS_TABLE")
    }

    /// Cases, their changes and messages.
    pub fn table(&self) -> Result<Table<'_>> {
        self.common.table("CASES_TABLE")
    }

    pub fn forward_queue(&self) -> Result<Queue> {
        self.queue("BQS_FORWARD_QUEUE_URL")
    }

    /// How long cases and messages live.
    pub fn retention(&self) -> Result<Retention> {
        let days = self.common.config.parse("CASE_RETENTION_DAYS", Retention::DEFAULT_DAYS);
        days.map(Retention::days)
    }

    /// The upstream BQS, if one is configured.
    pub fn upstream(&self) -> Result<Option<Target>> {
        let Some(base_url) = self.common.config.get("BQS_UPSTREAM_URL") else {
            return Ok(None);
        };
        let secret = self.common.config.need("BQS_UPSTREAM_SECRET")?;
        Ok(Some(Target {
            loggable: Bqs.loggable(),
            ..Target::new(Bqs.name(), "UPSTREAM", base_url, secret, Bqs.auth())
        }))
    }

    /// One attempt for each message: the queue does the waiting.
    pub fn upstream_policy(&self) -> Result<Policy> {
        Ok(Policy::load(&self.common.config, Bqs.name())?.single())
    }

    /// Whether upstream makes a change once however often it receives the same `Idempotency-Key`. This is our assumption:
    /// the spec does not say.
    pub fn upstream_is_idempotent(&self) -> Result<bool> {
        self.common.config.parse("BQS_UPSTREAM_IDEMPOTENT", true)
    }

    /// The channel with whose key upstream sends messages, if there is one.
    pub fn upstream_channel(&self) -> Option<&str> {
        self.common.config.get("BQS_UPSTREAM_CHANNEL")
    }

    pub fn bus(&self) -> &dyn Bus {
        self.common.ports.bus.as_ref()
    }

    pub fn blobs(&self) -> &dyn Blobs {
        self.common.ports.blobs.as_ref()
    }

    pub fn scanner(&self) -> &dyn Scanner {
        self.common.ports.scanner.as_ref()
    }

    pub fn bucket(&self) -> Result<&str> {
        self.common.config.need("DOCUMENTS_BUCKET")
    }
}
