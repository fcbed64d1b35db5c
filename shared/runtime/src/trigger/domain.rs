//! What a domain provides: its clients, its callers and the words of its problems.

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;

use crate::http::caller::Identity;
use crate::http::problem::Family;
use crate::port::Ports;
use crate::port::config::Config;
use crate::port::queue::Queue;
use crate::port::store::Store;
use crate::transport::redact::Redactor;
use crate::work::quota::Quota;
use crate::work::row::Table;

pub trait Domain: Sized + Send + Sync + 'static {
    type Caller: Identity;

    /// A dimension of the metrics, and the last part of its log group's name.
    const NAME: &'static str;
    const FAMILY: Family;

    /// Builds handles, never connections, and cannot fail: a missing setting is named at its first use.
    fn load(config: Config, ports: Ports) -> Self;

    /// Identifies the caller of a request by this domain's rules.
    fn caller(&self, headers: &HeaderMap, now: Timestamp) -> impl Future<Output = Result<Self::Caller>> + Send;

    /// Opens the connections that the function's settings name, while init still runs at full speed. A failure shows at first
    /// use.
    fn warm(&self) -> impl Future<Output = ()> + Send;

    fn common(&self) -> &Common;

    fn store(&self) -> &Arc<dyn Store> {
        &self.common().ports.store
    }

    /// Hashes values that must be comparable in logs and not readable.
    fn redactor(&self) -> &Redactor {
        &self.common().redactor
    }

    /// The table of idempotency records and of callers' counts.
    fn idempotency_table(&self) -> Result<&str> {
        self.common().config.need("IDEMPOTENCY_TABLE")
    }

    /// Where messages go that no retry can help.
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

/// What every domain has.
pub struct Common {
    pub config: Config,
    pub ports: Ports,
    redactor: Redactor,
    pub(crate) quota: Quota,
}

impl Common {
    pub fn new(config: Config, ports: Ports) -> Self {
        let redactor = Redactor::load(&config);
        Self {
            config,
            ports,
            redactor,
            quota: Quota::default(),
        }
    }

    /// The table that this setting names.
    pub fn table(&self, setting: &str) -> Result<Table<'_>> {
        Ok(Table::new(self.ports.store.as_ref(), self.config.need(setting)?))
    }
}
