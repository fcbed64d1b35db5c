//! Calls to partners: authenticated, limited, retried, traced and kept away from addresses that are not public.

mod credential;
mod egress;
mod gate;
mod health;
mod limit;
mod outbound;
mod policy;
pub mod redact;
mod target;
mod trace;
mod wire;

#[cfg(test)]
mod tests;

pub use egress::Egress;
pub use health::{Connectivity, HealthCache, RecentCalls};
pub use outbound::{CORRELATION, Exchanged, Outbound};
pub use policy::Policy;
pub use target::{ATTEMPT_TIMEOUT, AccountId, CallContext, Target};
pub use trace::{Attempt, AttemptStatus, CONCLUSION, Concluded, Conclusion, partition};
pub use wire::Wire;
