//! What the domain's functions share: clients, settings, callers.

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::{Kind, Result};
use runtime::config::Config;
use runtime::ports::Ports;
use runtime::problem::{Family, Shape};
use runtime::queue::Queue;
use runtime::redact::Redactor;
use runtime::store::{Key, Store};
use runtime::{Domain, store};
use serde::de::DeserializeOwned;

use crate::channel::{Caller, identify};

pub struct Env {
    pub config: Config,
    pub ports: Ports,
    redactor: Redactor,
}

impl Domain for Env {
    type Caller = Caller;

    const FAMILY: Family = Family {
        partner: "upstream",
        challenge: "ApiKey",
        statuses: &[(Kind::Invalid, 400)],
        shape: Shape::AspNet,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self {
            redactor: Redactor::load(&config),
            config,
            ports,
        }
    }

    async fn caller(&self, headers: &HeaderMap, _: Timestamp) -> Result<Caller> {
        identify(self, headers).await
    }

    async fn warm(&self) {
        if let Ok(table) = self.table() {
            // Any read opens the connection; this row never exists.
            let _ = self.store().get(&Key::new(table, "WARM", Some("WARM")), false).await;
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
    /// Channels, cases, their changes and messages.
    pub fn table(&self) -> Result<&str> {
        self.config.need("CASES_TABLE")
    }

    pub fn forward_queue(&self) -> Result<Queue> {
        Ok(self.ports.queue(self.config.need("BQS_FORWARD_QUEUE_URL")?))
    }

    pub async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        self.store().get(key, true).await?.map(store::typed).transpose()
    }
}
