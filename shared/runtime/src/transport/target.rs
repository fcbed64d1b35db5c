//! Where a call goes, and under which circumstances.

use call::Auth;
use model::id::CorrelationId;
use tokio::time::Instant;

use crate::port::clock::Clock;

/// One installation of a partner, as configured.
#[derive(Clone, Debug)]
pub struct Target {
    pub partner: &'static str,
    pub environment: String,
    pub base_url: String,
    pub secret: String,
    pub auth: Auth,
    pub loggable: &'static [&'static str],
}

impl Target {
    /// The key of everything that is kept per installation: credentials, gate and limit.
    pub(super) fn id(&self) -> String {
        format!("{}#{}", self.partner, self.environment)
    }
}

/// The circumstances of one exchange.
#[derive(Clone, Copy)]
pub struct CallContext {
    pub correlation: CorrelationId,
    pub clock: Clock,
    pub deadline: Instant,
    /// Reads the gate before the call instead of beside it: no caller waits for this exchange.
    pub background: bool,
}
