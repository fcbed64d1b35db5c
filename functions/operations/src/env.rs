//! What the domain's functions share.

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;
use runtime::Domain;
use runtime::auth::{CHALLENGE, Caller, Verifier};
use runtime::config::Config;
use runtime::ports::Ports;
use runtime::problem::Family;
use runtime::queue::Queue;
use runtime::redact::Redactor;
use runtime::store::{Query, Store};

pub struct Env {
    pub config: Config,
    ports: Ports,
    verifier: Verifier,
    redactor: Redactor,
}

impl Domain for Env {
    type Caller = Caller;

    const FAMILY: Family = Family {
        partner: "partner",
        challenge: CHALLENGE,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self {
            verifier: Verifier::new(config.clone()),
            redactor: Redactor::load(&config),
            config,
            ports,
        }
    }

    fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        if let Some(table) = self.config.get("INTEGRATION_LOG_TABLE") {
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
        None
    }
}
