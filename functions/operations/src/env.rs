//! What the domain's functions share.

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;
use runtime::Domain;
use runtime::http::auth::{CHALLENGE, Caller, Verifier};
use runtime::http::problem::{Family, Hub};
use runtime::port::Ports;
use runtime::port::config::Config;
use runtime::port::queue::Queue;
use runtime::port::store::Query;
use runtime::port::transport::Transport;
use runtime::transport::{Egress, HealthCache};
use runtime::trigger::domain::Common;
use runtime::work::row::Table;
use runtime::work::seal::SealingKeys;

pub struct Env {
    pub egress: Egress,
    pub health: HealthCache,
    pub sealing: SealingKeys,
    pub common: Common,
    verifier: Verifier,
}

impl Domain for Env {
    type Caller = Caller;

    const NAME: &'static str = "operations";
    const FAMILY: Family = Family {
        partner: "partner",
        challenge: CHALLENGE,
        scheme: "bearer",
        statuses: &[],
        route: &[],
        shape: &Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self {
            egress: Egress::callbacks(&config),
            health: HealthCache::default(),
            sealing: SealingKeys::load(&ports, &config),
            verifier: Verifier::new(config.clone()),
            common: Common::new(config, ports),
        }
    }

    async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        let tables = ["INTEGRATION_LOG_TABLE", "DELIVERIES_TABLE", "SUBSCRIPTIONS_TABLE"];
        let connection = async {
            if let Some(table) = tables.iter().find_map(|table| self.common.config.get(table)) {
                // Any read opens the connection; this partition never exists.
                let _ = self.store().query(&Query::new(table, "WARM", 1)).await;
            }
        };
        tokio::join!(connection, self.sealing.warm());
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Env {
    pub fn subscriptions(&self) -> Result<Table<'_>> {
        self.common.table("SUBSCRIPTIONS_TABLE")
    }

    pub fn deliveries(&self) -> Result<Table<'_>> {
        self.common.table("DELIVERIES_TABLE")
    }

    pub fn erasures(&self) -> Result<Table<'_>> {
        self.common.table("ERASURES_TABLE")
    }

    pub fn delivery_queue(&self) -> Result<Queue> {
        self.queue("DELIVERIES_QUEUE_URL")
    }

    pub fn transport(&self) -> &dyn Transport {
        self.common.ports.transport.as_ref()
    }
}
