//! What the domain's functions share: clients, settings, callers.

use http::HeaderMap;
use jiff::Timestamp;
use model::quote::Environment;
use model::{Error, Result};
use partners::{FUNDERS, Funder, funder};
use runtime::Domain;
use runtime::auth::{CHALLENGE, Caller, Verifier};
use runtime::blob::Blobs;
use runtime::bus::Bus;
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::domain::Common;
use runtime::ports::Ports;
use runtime::problem::{Family, Shape};
use runtime::queue::Queue;
use runtime::store::Key;
use runtime::transport::{Outbound, Policy, Target};

pub struct Env {
    common: Common,
    verifier: Verifier,
    pub outbound: Outbound,
}

impl Domain for Env {
    type Caller = Caller;

    const FAMILY: Family = Family {
        partner: "funder",
        challenge: CHALLENGE,
        statuses: &[],
        shape: Shape::Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        let outbound = ports.outbound(&config, config.get("FUNDERS_TABLE"));
        Self {
            verifier: Verifier::new(config.clone()),
            outbound,
            common: Common::new(config, ports),
        }
    }

    async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        // Functions that seldom call anybody say so.
        let calls = self.common.config.get("WARM_UP") != Some("store");
        let sandboxes = FUNDERS.iter().filter(|_| calls).filter_map(|name| funder(name));
        let targets: Vec<_> = sandboxes
            .filter_map(|funder| self.target(funder, Environment::Sandbox).ok())
            .collect();
        if !targets.is_empty() {
            let each = targets.iter().map(|target| self.outbound.warm(target, Clock::System));
            futures_util::future::join_all(each).await;
        } else if let Ok(table) = self.table() {
            // Any read opens the connection; this row never exists.
            let _ = self.store().get(&Key::new(table, "WARM", Some("WARM")), false).await;
        }
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Env {
    pub fn table(&self) -> Result<&str> {
        self.common.config.need("FUNDERS_TABLE")
    }

    pub fn proposal_queue(&self) -> Result<Queue> {
        self.queue("PROPOSAL_SUBMIT_QUEUE_URL")
    }

    pub fn event_queue(&self) -> Result<Queue> {
        self.queue("FUNDER_EVENTS_QUEUE_URL")
    }

    pub fn bus(&self) -> &dyn Bus {
        self.common.ports.bus.as_ref()
    }

    pub fn blobs(&self) -> &dyn Blobs {
        self.common.ports.blobs.as_ref()
    }

    pub fn bucket(&self) -> Result<&str> {
        self.common.config.need("DOCUMENTS_BUCKET")
    }

    pub fn retry_queue(&self) -> Result<Queue> {
        self.queue("QUOTE_RETRY_QUEUE_URL")
    }

    pub fn policy(&self, funder: &dyn Funder) -> Result<Policy> {
        Policy::load(&self.common.config, funder.name())
    }

    /// One of a funder's installations. LIVE exists only where the stack allows it.
    pub fn target(&self, funder: &dyn Funder, environment: Environment) -> Result<Target> {
        if environment == Environment::Live && !self.common.config.parse("ALLOW_LIVE", false)? {
            return Err(Error::invalid(
                "environment",
                "must be `SANDBOX`: this installation allows no other",
            ));
        }
        let setting = |what: &str| format!("{}_{environment}_{what}", funder.name());
        Ok(Target {
            partner: funder.name(),
            environment: environment.to_string(),
            base_url: self.common.config.need(&setting("URL"))?.to_owned(),
            secret: self.common.config.need(&setting("SECRET"))?.to_owned(),
            auth: funder.auth(),
            loggable: funder.loggable(),
        })
    }

    /// What the funder signs its webhooks with, where that is set up.
    pub async fn webhook_secret(&self, funder: &dyn Funder, target: &Target) -> Result<Option<String>> {
        let name = format!("{}_WEBHOOK_SECRET", funder.name());
        self.outbound.secret(target, &name).await
    }

    pub fn log_table(&self) -> Result<&str> {
        self.common.config.need("INTEGRATION_LOG_TABLE")
    }

    pub async fn read<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        self.common.read(key).await
    }
}
