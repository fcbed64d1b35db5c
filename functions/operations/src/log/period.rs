//! The period that a request asks about.

use jiff::{SignedDuration, Timestamp};
use model::{Error, Result};

/// Rows are deleted when they are older.
pub const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Clocks of other machines may be ahead by this much.
const CLOCK_MARGIN: SignedDuration = SignedDuration::from_secs(1);

/// From its first instant up to, but not including, its last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogPeriod {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl LogPeriod {
    /// The given period, or the last `usual`. Instants outside the log's retention are moved to its edge.
    pub fn of(
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        now: Timestamp,
        usual: SignedDuration,
        max_span: SignedDuration,
    ) -> Result<Self> {
        let before = |at: Timestamp, by: SignedDuration| at.saturating_sub(by).unwrap_or(Timestamp::MIN);
        let end = now.saturating_add(CLOCK_MARGIN).unwrap_or(now);
        let to = to.unwrap_or(end);
        let from = from.unwrap_or_else(|| before(to.min(now), usual));
        if from >= to {
            return Err(Error::invalid("from", "must be before to"));
        }
        if from < before(to.min(now), max_span) {
            let hours = max_span.as_hours();
            return Err(Error::invalid(
                "from",
                format!("must be at most {hours} hours before to"),
            ));
        }
        Ok(Self {
            from: from.max(before(now, RETENTION)),
            to: to.min(end),
        })
    }
}
