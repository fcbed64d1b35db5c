//! What the domain's functions share: clients, settings, callers.

use std::num::NonZeroU16;
use std::time::Duration;

use futures_util::future::join_all;
use http::HeaderMap;
use jiff::Timestamp;
use model::partner::FUNDERS;
use model::quote::Environment;
use model::{Error, Kind, Result};
use partners_funders::{Funder, funder};
use runtime::Domain;
use runtime::http::auth::{CHALLENGE, Caller, Verifier};
use runtime::http::list::Source;
use runtime::http::problem::{Family, Hub};
use runtime::port::Ports;
use runtime::port::blob::Blobs;
use runtime::port::bus::Bus;
use runtime::port::clock::Clock;
use runtime::port::config::Config;
use runtime::port::queue::Queue;
use runtime::port::scanner::Scanner;
use runtime::transport::{HealthCache, Outbound, Policy, Target};
use runtime::trigger::domain::Common;
use runtime::work::row::Table;
use runtime::work::share::Share;
use serde::Serialize;

/// Workers that call funders. Each installation may occupy a share of those of a queue.
pub struct Workers {
    pub queue: &'static str,
    setting: &'static str,
    share: NonZeroU16,
}

pub const QUOTE_WORKERS: Workers = Workers {
    queue: "quote-retry",
    setting: "QUOTE_RETRY_SHARE",
    share: NonZeroU16::new(4).unwrap(),
};

pub const PROPOSAL_WORKERS: Workers = Workers {
    queue: "proposal-submit",
    setting: "PROPOSAL_SHARE",
    share: NonZeroU16::new(2).unwrap(),
};

pub const EVENT_WORKERS: Workers = Workers {
    queue: "funder-events",
    ..PROPOSAL_WORKERS
};

/// Longer than the timeout of any of these workers.
const WORKER_LEASE: Duration = Duration::from_secs(35);
/// A funder that takes this long for one request is slow.
const SLOW_FUNDER: Duration = Duration::from_secs(5);

const ENVIRONMENTS: [Environment; 2] = [Environment::Sandbox, Environment::Live];

pub struct Env {
    common: Common,
    verifier: Verifier,
    pub outbound: Outbound,
    pub health: HealthCache,
}

impl Domain for Env {
    type Caller = Caller;

    const NAME: &'static str = "funders";
    const FAMILY: Family = Family {
        partner: "funder",
        challenge: CHALLENGE,
        scheme: "bearer",
        statuses: &[],
        route: &[],
        shape: &Hub,
    };

    fn load(config: Config, ports: Ports) -> Self {
        let config = config.unpacked("FUNDERS");
        Self {
            verifier: Verifier::new(config.clone()),
            outbound: Outbound::new(&ports, &config, config.get("FUNDERS_TABLE")),
            health: HealthCache::default(),
            common: Common::new(config, ports),
        }
    }

    async fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        self.verifier.caller(headers, now)
    }

    async fn warm(&self) {
        // A function that seldom calls a funder warms the store only.
        let calls = self.common.config.get("WARM_UP") != Some("store");
        let funders = FUNDERS.iter().filter(|_| calls).filter_map(|name| funder(name));
        let open = funders.flat_map(|funder| self.open(funder));
        let targets: Vec<Target> = open.map(|(_, target)| target).collect();
        if !targets.is_empty() {
            join_all(targets.iter().map(|target| self.outbound.warm(target, Clock::System))).await;
        } else if let Ok(table) = self.table() {
            // Any read opens the connection; this row never exists.
            let _ = self.store().get(&table.key("WARM", "WARM"), false).await;
        }
    }

    fn common(&self) -> &Common {
        &self.common
    }
}

impl Env {
    pub fn table(&self) -> Result<Table<'_>> {
        self.common.table("FUNDERS_TABLE")
    }

    pub fn log_table(&self) -> Result<&str> {
        self.common.config.need("INTEGRATION_LOG_TABLE")
    }

    pub fn bucket(&self) -> Result<&str> {
        self.common.config.need("DOCUMENTS_BUCKET")
    }

    pub fn retry_queue(&self) -> Result<Queue> {
        self.queue("QUOTE_RETRY_QUEUE_URL")
    }

    pub fn follow_up_queue(&self) -> Result<Queue> {
        self.queue("QUOTE_FOLLOW_UP_QUEUE_URL")
    }

    /// The share of these workers that `group` may occupy at once.
    pub fn share<'a>(&'a self, workers: &Workers, group: &'a str) -> Result<Share<'a>> {
        Ok(Share {
            table: self.table()?,
            group,
            places: self.common.config.parse(workers.setting, workers.share)?,
            lease: WORKER_LEASE,
            slow_after: SLOW_FUNDER,
        })
    }

    pub fn proposal_queue(&self) -> Result<Queue> {
        self.queue("PROPOSAL_SUBMIT_QUEUE_URL")
    }

    pub fn event_queue(&self) -> Result<Queue> {
        self.queue("FUNDER_EVENTS_QUEUE_URL")
    }

    /// Puts a message into the dead-letter queue, where an operator finds it with the reason.
    pub async fn escalate(&self, message: &impl Serialize, reason: &str) -> Result<()> {
        let dead = self.dead_letters();
        let dead = dead.ok_or_else(|| Error::misconfigured("DEAD_LETTER_QUEUE_URL is not set"))?;
        let body =
            serde_json::to_string(message).map_err(|error| Error::new(Kind::Internal, "a message").because(error))?;
        dead.sender.send(&dead.url, body, Duration::ZERO, Some(reason)).await
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

    /// The rows that the entries of these lists name.
    pub fn entries(&self, lists: Vec<String>) -> Result<Source<'_>> {
        Ok(Source::entries(self.store().as_ref(), self.table()?.name, lists))
    }

    pub fn policy(&self, funder: &dyn Funder) -> Result<Policy> {
        Policy::load(&self.common.config, funder.name())
    }

    /// Whether the stage allows calls to an environment.
    fn is_open(&self, environment: Environment) -> Result<bool> {
        match environment {
            Environment::Sandbox => self.common.config.parse("ALLOW_SANDBOX", true),
            Environment::Live => self.common.config.parse("ALLOW_LIVE", false),
        }
    }

    /// Refuses an environment that is closed, and names one that is open.
    fn must_be_open(&self, environment: Environment) -> Result<()> {
        if self.is_open(environment)? {
            return Ok(());
        }
        let is_open = |environment: &Environment| self.is_open(*environment).unwrap_or_default();
        let why = match ENVIRONMENTS.iter().find(|environment| is_open(environment)) {
            Some(open) => format!("must be {open}: this installation allows no other"),
            None => "is closed: this installation allows none".to_owned(),
        };
        Err(Error::invalid("environment", why))
    }

    /// One of a funder's installations.
    pub fn target(&self, funder: &dyn Funder, environment: Environment) -> Result<Target> {
        self.must_be_open(environment)?;
        let setting = |what: &str| format!("{}_{environment}_{what}", funder.name());
        let url = self.common.config.need(&setting("URL"))?;
        let secret = self.common.config.need(&setting("SECRET"))?;
        Ok(Target {
            loggable: funder.loggable(),
            ..Target::new(funder.name(), environment.to_string(), url, secret, funder.auth())
        })
    }

    /// The installations of a funder that this stack may call.
    pub fn open(&self, funder: &dyn Funder) -> Vec<(Environment, Target)> {
        let open = ENVIRONMENTS.map(|environment| Some((environment, self.target(funder, environment).ok()?)));
        open.into_iter().flatten().collect()
    }

    /// The open environments whose events can be verified, each with the id of the secret that signs them.
    pub fn webhook_secrets(&self, funder: &dyn Funder) -> Vec<(Environment, &str)> {
        let open = ENVIRONMENTS.map(|environment| {
            self.must_be_open(environment).ok()?;
            let setting = format!("{}_{environment}_WEBHOOK_SECRET", funder.name());
            Some((environment, self.common.config.get(&setting)?))
        });
        open.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests;
