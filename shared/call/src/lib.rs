//! A call to a partner as a value: the request, the hub's authentication, and how the answer is read. No I/O.
//!
//! Adapters make calls, and `runtime::transport` sends them. Neither depends on the other.

mod answer;
mod request;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use answer::{Answer, code, decimal, optional_decimal, read, reason, retry_after};
pub use request::{Auth, Call, Progress, Step, segment};
