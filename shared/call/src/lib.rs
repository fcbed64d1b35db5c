//! A call to a partner as a value: the request, the hub's authentication, how the answer is read, and what of both may stand in
//! a log. No I/O.
//!
//! Adapters make calls, and `runtime::transport` sends them. Neither depends on the other.

mod answer;
mod loggable;
mod redaction;
mod request;
mod scalar;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use answer::{Answer, code, read, reason, retry_after};
pub use loggable::{Loggable, LoggedMember, Shown};
pub use redaction::{MAX_DOCUMENT, Redaction};
pub use request::{Auth, Call, Progress, Step, segment};
pub use scalar::{decimal, moment, optional_decimal, optional_end, optional_whole, or_default, whole};
