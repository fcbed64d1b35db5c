//! What the domain's functions share: clients, settings, callers.

use http::HeaderMap;
use jiff::Timestamp;
use model::{Kind, Result};
use partners::bqs;
use runtime::Domain;
use runtime::blob::Blobs;
use runtime::config::Config;
use runtime::domain::Common;
use runtime::ports::Ports;
use runtime::problem::{Family, Shape};
use runtime::queue::Queue;
use runtime::store::Key;
use runtime::transport::{Outbound, Policy, Target};
use serde::de::DeserializeOwned;

use crate::channel::{Caller, identify};

pub struct Env {
    pub common: Common,
    pub outbound: Outbound,
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
            outbound: ports.outbound(&config, config.get("CASES_TABLE")),
            common: Common::new(config, ports),
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

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Env {
    /// Channels, cases, their changes and messages.
    pub fn table(&self) -> Result<&str> {
        self.common.config.need("CASES_TABLE")
    }

    pub fn forward_queue(&self) -> Result<Queue> {
        self.queue("BQS_FORWARD_QUEUE_URL")
    }

    /// The BQS that cases go on to, where there is one.
    pub fn upstream(&self) -> Result<Option<Target>> {
        let Some(base_url) = self.common.config.get("BQS_UPSTREAM_URL") else {
            return Ok(None);
        };
        Ok(Some(Target {
            partner: bqs::NAME,
            environment: "UPSTREAM".to_owned(),
            base_url: base_url.to_owned(),
            secret: self.common.config.need("BQS_UPSTREAM_SECRET")?.to_owned(),
            auth: bqs::AUTH,
            loggable: bqs::LOGGABLE,
        }))
    }

    /// One attempt for each wake-up: the queue does the waiting.
    pub fn upstream_policy(&self) -> Result<Policy> {
        Ok(Policy::load(&self.common.config, bqs::NAME)?.single())
    }

    /// Whether the upstream makes a change once however often it comes with the same `Idempotency-Key`. That it does is our
    /// assumption: the spec does not say.
    pub fn upstream_is_idempotent(&self) -> Result<bool> {
        self.common.config.parse("BQS_UPSTREAM_IDEMPOTENT", true)
    }

    pub fn blobs(&self) -> &dyn Blobs {
        self.common.ports.blobs.as_ref()
    }

    pub fn bucket(&self) -> Result<&str> {
        self.common.config.need("DOCUMENTS_BUCKET")
    }

    pub async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        self.common.read(key).await
    }
}
