//! What time it is: the only place that asks the machine.

use jiff::Timestamp;
use tokio::time::Instant;

/// Wall-clock time. In tests it starts where the test says and moves with tokio's own, pausable time.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    System,
    Virtual { start: Timestamp, since: Instant },
}

impl Clock {
    pub fn starting(start: Timestamp) -> Self {
        Self::Virtual {
            start,
            since: Instant::now(),
        }
    }

    /// To the millisecond, which is all that clients and partners are shown.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Virtual { start, since } => start.saturating_add(since.elapsed()).unwrap_or(start),
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
