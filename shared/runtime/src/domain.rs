//! What a domain brings along: its clients, its callers and the words of its problems.

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::ports::Ports;
use crate::problem::Family;
use crate::queue::Queue;
use crate::redact::Redactor;
use crate::store::{self, Key, Store};

pub trait Domain: Sized + Send + Sync + 'static {
    type Caller: Identity;

    const FAMILY: Family;

    /// Builds handles, never connections, and cannot fail: what is missing is named at its first use.
    fn load(config: Config, ports: Ports) -> Self;

    /// Who sent this request, by this domain's rules.
    fn caller(&self, headers: &HeaderMap, now: Timestamp) -> impl Future<Output = Result<Self::Caller>> + Send;

    /// Opens what the function's settings name while init still runs at full speed. Failures are left for first use.
    fn warm(&self) -> impl Future<Output = ()> + Send;

    fn common(&self) -> &Common;

    fn store(&self) -> &Arc<dyn Store> {
        &self.common().ports.store
    }

    /// Makes what must be comparable in logs unreadable there.
    fn redactor(&self) -> &Redactor {
        &self.common().redactor
    }

    /// Where idempotency records live, for functions that keep some.
    fn idempotency_table(&self) -> Result<&str> {
        self.common().config.need("IDEMPOTENCY_TABLE")
    }

    /// Where messages go that no repetition can help.
    fn dead_letters(&self) -> Option<Queue> {
        let common = self.common();
        let url = common.config.get("DEAD_LETTER_QUEUE_URL");
        url.map(|url| common.ports.queue(url))
    }

    /// The queue that this setting names.
    fn queue(&self, setting: &str) -> Result<Queue> {
        let common = self.common();
        Ok(common.ports.queue(common.config.need(setting)?))
    }
}

/// What every domain is given.
pub struct Common {
    pub config: Config,
    pub ports: Ports,
    redactor: Redactor,
}

impl Common {
    pub fn new(config: Config, ports: Ports) -> Self {
        let redactor = Redactor::load(&config);
        Self {
            config,
            ports,
            redactor,
        }
    }

    /// A row as it is now, in its type.
    pub async fn read<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        self.ports.store.get(key, true).await?.map(store::typed).transpose()
    }
}

pub trait Identity: Clone + Send + Sync {
    /// The caller of a public route or of a queue.
    fn nobody() -> Self;

    /// Stable and unique among callers of the domain.
    fn id(&self) -> &str;
}
