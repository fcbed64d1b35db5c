//! What a domain brings along: its clients, its callers and the words of its problems.

use std::future::Future;
use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use model::Result;

use crate::config::Config;
use crate::ports::Ports;
use crate::problem::Family;
use crate::queue::Queue;
use crate::redact::Redactor;
use crate::store::Store;

pub trait Domain: Sized + Send + Sync + 'static {
    type Caller: Identity;

    const FAMILY: Family;

    /// Builds handles, never connections, and cannot fail: what is missing is named at its first use.
    fn load(config: Config, ports: Ports) -> Self;

    /// Who sent this request, by this domain's rules.
    fn caller(&self, headers: &HeaderMap, now: Timestamp) -> impl Future<Output = Result<Self::Caller>> + Send;

    /// Opens what the function's settings name while init still runs at full speed. Failures are left for first use.
    fn warm(&self) -> impl Future<Output = ()> + Send;

    fn store(&self) -> &Arc<dyn Store>;

    /// Makes what must be comparable in logs unreadable there.
    fn redactor(&self) -> &Redactor;

    /// Where idempotency records live, for functions that keep some.
    fn idempotency_table(&self) -> Result<&str>;

    /// Where messages go that no repetition can help.
    fn dead_letters(&self) -> Option<Queue>;
}

pub trait Identity: Clone + Send + Sync {
    /// The caller of a public route or of a queue.
    fn nobody() -> Self;

    /// Stable and unique among callers of the domain.
    fn id(&self) -> &str;
}
