//! What the domain's functions share.

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;
use runtime::Domain;
use runtime::auth::{CHALLENGE, Caller, Verifier};
use runtime::config::Config;
use runtime::ports::Ports;
use runtime::problem::{Family, Shape};
use runtime::queue::Queue;
use runtime::redact::Redactor;
use runtime::store::{Query, Store};
use runtime::transport::{Egress, Transport};

pub struct Env {
    pub config: Config,
    pub egress: Egress,
    ports: Ports,
    verifier: Verifier,
    redactor: Redactor,
}

impl Domain for Env {
    type Caller = Caller;

    const FAMILY: Family = Family {
        partner: "partner",
        challenge: CHALLENGE,
        statuses: &[],
        shape: Shape::Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self {
            egress: Egress::load(&config),
            verifier: Verifier::new(config.clone()),
            redactor: Redactor::load(&config),
            config,
            ports,
        }
    }

    async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        let tables = ["INTEGRATION_LOG_TABLE", "DELIVERIES_TABLE", "SUBSCRIPTIONS_TABLE"];
        if let Some(table) = tables.iter().find_map(|table| self.config.get(table)) {
            // Any read opens the connection; this partition never exists.
            let _ = self.store().query(&Query::new(table, "WARM", 1)).await;
        }
    }

    fn store(&self) -> &Arc<dyn Store> {
        &self.ports.store
    }

    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn idempotency_table(&self) -> Result<&str> {
        self.config.need("IDEMPOTENCY_TABLE")
    }

    fn dead_letters(&self) -> Option<Queue> {
        self.config
            .get("DEAD_LETTER_QUEUE_URL")
            .map(|url| self.ports.queue(url))
    }
}

impl Env {
    pub fn subscriptions(&self) -> Result<&str> {
        self.config.need("SUBSCRIPTIONS_TABLE")
    }

    pub fn deliveries(&self) -> Result<&str> {
        self.config.need("DELIVERIES_TABLE")
    }

    pub fn delivery_queue(&self) -> Result<Queue> {
        Ok(self.ports.queue(self.config.need("DELIVERIES_QUEUE_URL")?))
    }

    pub fn transport(&self) -> &dyn Transport {
        self.ports.transport.as_ref()
    }
}
