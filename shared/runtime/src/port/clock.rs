//! The time: the only place that reads the machine's clock.

use jiff::Timestamp;
use tokio::time::Instant;

/// Wall-clock time. In tests it starts at a given time and moves with tokio's pausable time.
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

    /// To the millisecond, the precision that clients and partners see.
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now(self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Virtual { start, since } => start.saturating_add(since.elapsed()).unwrap_or(start),
        };
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}
