//! Positions in the log's order of time. A cursor names one.

use jiff::Timestamp;
use model::id::LogRowId;
use runtime::http::list::Cursor;
use uuid::Uuid;

/// The bits that make a number a UUID v7.
const V7: u128 = 0x7 << 76 | 0x8 << 60;
const TIME: u32 = 80;

/// Between two rows: the newer ones are at or above it, the older ones below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPosition(u128);

impl LogPosition {
    /// Below every row made at `time` or later.
    pub fn at(time: Timestamp) -> Self {
        Self(u128::try_from(time.as_millisecond()).unwrap_or_default() << TIME | V7)
    }

    /// Just below a row.
    pub fn of(row: LogRowId) -> Self {
        Self(row.as_uuid().as_u128())
    }

    /// The least sort key above it.
    pub fn above(self) -> String {
        Uuid::from_u128(self.0).to_string()
    }

    /// The greatest sort key below it.
    pub fn below(self) -> String {
        Uuid::from_u128(self.0.saturating_sub(1)).to_string()
    }

    /// When the newest row below it can have been made.
    pub fn time(self) -> Timestamp {
        let millis = i64::try_from(self.0.saturating_sub(V7 + 1) >> TIME).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }
}

impl From<Cursor> for LogPosition {
    fn from(cursor: Cursor) -> Self {
        Self(cursor.id().as_u128())
    }
}

impl From<LogPosition> for Cursor {
    fn from(position: LogPosition) -> Self {
        Self::below(Uuid::from_u128(position.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_instant_divides_the_rows_made_before_from_the_others() {
        let at = LogPosition::at(time("2026-01-05T10:00:00Z"));
        let before = LogRowId::new(time("2026-01-05T09:59:59.999Z"));
        let then = LogRowId::new(time("2026-01-05T10:00:00Z"));
        assert!(LogPosition::of(before) < at && LogPosition::of(then) >= at);
        assert!(before.to_string() <= at.below() && then.to_string() >= at.above());
        assert_eq!(at.time(), time("2026-01-05T09:59:59.999Z"));
        assert_eq!(LogPosition::of(then).time(), time("2026-01-05T10:00:00Z"));
    }

    #[test]
    fn a_row_is_not_below_itself() {
        let row = LogRowId::new(time("2026-01-05T10:00:00Z"));
        let position = LogPosition::of(row);
        assert!(position.below() < row.to_string());
        assert_eq!(position.above(), row.to_string());
    }
}
