//! What the domain's functions share: clients, settings, callers.

use std::num::NonZeroU16;
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;
use partners_marketplace::{Marketplace, Mmob, PRICE_PATH};
use runtime::Domain;
use runtime::http::auth::{CHALLENGE, Caller, Verifier};
use runtime::http::problem::{Family, Hub};
use runtime::port::Ports;
use runtime::port::clock::Clock;
use runtime::port::config::Config;
use runtime::port::queue::Queue;
use runtime::port::transport::Transport;
use runtime::transport::{Egress, Outbound, Policy, Target};
use runtime::trigger::domain::Common;
use runtime::work::row::Table;
use runtime::work::seal::SealingKeys;
use runtime::work::share::Share;

use crate::token;

const PROVIDER_SHARE: NonZeroU16 = NonZeroU16::new(5).unwrap();
/// A provider whose call takes this long is slow.
const SLOW_PROVIDER: Duration = Duration::from_secs(2);

pub struct Env {
    common: Common,
    verifier: Verifier,
    pub outbound: Outbound,
    pub egress: Egress,
    pub sealing: SealingKeys,
}

impl Domain for Env {
    type Caller = Caller;

    const NAME: &'static str = "mmob";
    const FAMILY: Family = Family {
        partner: "mmob",
        challenge: CHALLENGE,
        scheme: "bearer",
        statuses: &[],
        route: &[],
        shape: &Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self {
            verifier: Verifier::new(config.clone()),
            egress: Egress::callbacks(&config),
            sealing: SealingKeys::load(&ports, &config),
            outbound: Outbound::new(&ports, &config, config.get("MMOB_TABLE")),
            common: Common::new(config, ports),
        }
    }

    async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        tokio::join!(self.connect(), self.sealing.warm());
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Env {
    async fn connect(&self) {
        // No function of this domain sets it in the template. The bench does, see docs/settings.md.
        let calls = self.common.config.get("WARM_UP") != Some("store");
        if let Ok(target) = self.target()
            && calls
        {
            self.outbound.warm(&target, Clock::System).await;
        } else if let Ok(table) = self.table() {
            // Any read opens the connection; this row never exists.
            let warm = table.key("WARM", "WARM");
            let secret = async {
                if let Ok(id) = self.webhook_secret() {
                    let _ = self.outbound.secrets.refresh(id, Clock::System.now()).await;
                }
            };
            let _ = tokio::join!(self.store().get(&warm, false), secret);
        }
    }

    /// Orders, their lists, and how each product is fulfilled.
    pub fn table(&self) -> Result<Table<'_>> {
        self.common.table("MMOB_TABLE")
    }

    pub fn order_queue(&self) -> Result<Queue> {
        self.queue("MMOB_ORDERS_QUEUE_URL")
    }

    /// The workers that a provider's orders may occupy at once. A crashed worker frees its place after the lease.
    pub fn share<'a>(&'a self, host: &'a str, lease: Duration) -> Result<Share<'a>> {
        Ok(Share {
            table: self.table()?,
            group: host,
            places: self.common.config.parse("MMOB_PROVIDER_SHARE", PROVIDER_SHARE)?,
            lease,
            slow_after: SLOW_PROVIDER,
        })
    }

    /// For calls to providers. A provider is no partner: each has its own address, in a row.
    pub fn transport(&self) -> &dyn Transport {
        self.common.ports.transport.as_ref()
    }

    /// The id of the secret that holds `MMOB_WEBHOOK_TOKEN`. Only the webhook has it.
    fn webhook_secret(&self) -> Result<&str> {
        self.common.config.need("MMOB_WEBHOOK_SECRET")
    }

    /// Refuses a webhook's sender that does not know the token.
    pub async fn check_token(&self, given: &str, now: Timestamp) -> Result<()> {
        token::check(&self.outbound.secrets, self.webhook_secret(), given, now).await
    }

    /// MMOB, which has one installation per stage.
    pub fn target(&self) -> Result<Target> {
        let url = self.common.config.need("MMOB_URL")?;
        let secret = self.common.config.need("MMOB_SECRET")?;
        Ok(Target {
            loggable: Mmob.loggable(),
            ..Target::new(Mmob.name(), "MARKETPLACE", url, secret, Mmob.auth())
        })
    }

    pub fn policy(&self) -> Result<Policy> {
        Policy::load(&self.common.config, Mmob.name())
    }

    /// The path of a price, which MMOB does not document.
    pub fn price_path(&self) -> &str {
        self.common.config.get("MMOB_PRICE_PATH").unwrap_or(PRICE_PATH)
    }
}
