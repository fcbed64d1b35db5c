//! What the domain's functions share: clients, settings, callers.

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;
use model::quote::Environment;
use partners::mmob;
use runtime::Domain;
use runtime::auth::{CHALLENGE, Caller, Verifier};
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::domain::Common;
use runtime::ports::Ports;
use runtime::problem::{Family, Shape};
use runtime::queue::Queue;
use runtime::secret::Secrets;
use runtime::store::Key;
use runtime::transport::{Egress, Outbound, Policy, Target, Transport};

use crate::order::Freshness;

pub struct Env {
    common: Common,
    verifier: Verifier,
    pub outbound: Outbound,
    pub egress: Egress,
    pub secrets: Secrets,
    pub freshness: Freshness,
}

impl Domain for Env {
    type Caller = Caller;

    const FAMILY: Family = Family {
        partner: "mmob",
        challenge: CHALLENGE,
        statuses: &[],
        shape: Shape::Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        let outbound = ports.outbound(&config, config.get("MMOB_TABLE"));
        Self {
            verifier: Verifier::new(config.clone()),
            egress: Egress::load(&config),
            secrets: Secrets::new(Arc::clone(&ports.vault)),
            freshness: Freshness::default(),
            outbound,
            common: Common::new(config, ports),
        }
    }

    async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        // Functions that seldom call MMOB, or never, say so.
        let calls = self.common.config.get("WARM_UP") != Some("store");
        if let Ok(target) = self.target()
            && calls
        {
            self.outbound.warm(&target, Clock::System).await;
        } else if let Ok(table) = self.table() {
            // Any read opens the connection; this row never exists.
            let warm = Key::new(table, "WARM", Some("WARM"));
            let secret = async {
                if let Ok(id) = self.secret() {
                    let _ = self.secrets.get(id).await;
                }
            };
            let _ = tokio::join!(self.store().get(&warm, false), secret);
        }
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Env {
    /// Orders, the lists of them, and what is to be done about each product.
    pub fn table(&self) -> Result<&str> {
        self.common.config.need("MMOB_TABLE")
    }

    pub fn order_queue(&self) -> Result<Queue> {
        self.queue("MMOB_ORDERS_QUEUE_URL")
    }

    /// Where providers are called, who are nobody's partner: each at an address of their own.
    pub fn transport(&self) -> &dyn Transport {
        self.common.ports.transport.as_ref()
    }

    /// The id of the secret that holds `MMOB_API_KEY` and `MMOB_WEBHOOK_TOKEN`.
    pub fn secret(&self) -> Result<&str> {
        self.common.config.need("MMOB_SECRET")
    }

    /// MMOB, of which a stage has one installation.
    pub fn target(&self) -> Result<Target> {
        let live = self.common.config.parse("ALLOW_LIVE", false)?;
        let environment = if live { Environment::Live } else { Environment::Sandbox };
        Ok(Target {
            partner: mmob::NAME,
            environment: environment.to_string(),
            base_url: self.common.config.need("MMOB_URL")?.to_owned(),
            secret: self.secret()?.to_owned(),
            auth: mmob::AUTH,
            loggable: mmob::LOGGABLE,
        })
    }

    pub fn policy(&self) -> Result<Policy> {
        Policy::load(&self.common.config, mmob::NAME)
    }

    /// Where a price is read: MMOB documents no path for it.
    pub fn price_path(&self) -> &str {
        self.common.config.get("MMOB_PRICE_PATH").unwrap_or(mmob::PRICE_PATH)
    }

    pub async fn read<T: serde::de::DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        self.common.read(key).await
    }
}
