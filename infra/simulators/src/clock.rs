//! The current time.

use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "the simulators have no Cx; this is the one place that reads the clock"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}
