//! SQS `bqs-forward`: sends a case's changes to the upstream BQS one after the other, each once.
//!
//! A message only names the case. The case's rows have the changes, and a row beside them has the progress and the lease of
//! the one worker that sends them. The worker records a change as being sent before the first byte leaves. If a worker
//! crashes after that, the next one sends the change again under the same key if upstream honours keys. Otherwise only an
//! operator can find out whether upstream made the change, and the case is held.
//!
//! Upstream answers a creation with a number of its own. The worker records the answer first. Then it links the number to the
//! case, and at the end of its work it copies the messages that arrived under the number before. A later worker goes on with
//! what is left.
//!
//! The row of the progress is its own outbox for events: it notes that a change is held, or goes on, in the same write, and a
//! worker publishes the events from it.
//!
//! A document is sent once the scanner finds it clean. Without an upstream the worker asks for the verdicts only.

mod announce;
mod clearance;
mod decision;
mod held;
mod row;
mod sender;
mod upstream;
mod wake;
mod worker;

#[cfg(test)]
pub mod tests;

pub use announce::CaseEventData;
pub use held::{ChangeState, Held, HoldReason};
pub use row::ForwardRow;
pub use upstream::{Linked, UpstreamRow};
pub use wake::ForwarderWake;
pub use worker::forward;
