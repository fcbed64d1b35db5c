//! How the runtime loads the domain, identifies its callers and words its problems.

use http::HeaderMap;
use jiff::Timestamp;
use model::{Kind, Result};
use runtime::Domain;
use runtime::http::problem::{AspNet, Family};
use runtime::port::Ports;
use runtime::port::config::Config;
use runtime::transport::Outbound;
use runtime::trigger::domain::Common;

use crate::Env;
use crate::channel::{Caller, identify};

impl Domain for Env {
    type Caller = Caller;

    const NAME: &'static str = "bqs";
    const FAMILY: Family = Family {
        partner: "upstream",
        challenge: "ApiKey",
        scheme: "apiKey",
        statuses: &[(Kind::Invalid, 400)],
        route: &[],
        shape: &AspNet,
    };

    fn load(config: Config, ports: Ports) -> Self {
        Self {
            outbound: Outbound::new(&ports, &config, config.get("CASES_TABLE")),
            common: Common::new(config, ports),
        }
    }

    async fn caller(&self, headers: &HeaderMap, _: Timestamp) -> Result<Caller> {
        identify(self, headers).await
    }

    async fn warm(&self) {
        if let Ok(table) = self.channels() {
            // Any read opens the connection; this row never exists.
            let _ = self.store().get(&table.key("WARM", "WARM"), false).await;
        }
    }

    fn common(&self) -> &Common {
        &self.common
    }
}
