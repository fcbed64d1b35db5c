//! Positions in the log's order of time, and the cursor that names one.

use jiff::Timestamp;
use model::id::LogRowId;
use model::{Error, Kind, Result};
use runtime::transport::redact::Redactor;
use uuid::Uuid;

/// The bits that make a number a UUID v7.
const V7: u128 = 0x7 << 76 | 0x8 << 60;
const TIME: u32 = 80;
/// Of a UUID, in hex.
const DIGITS: usize = 32;

/// Between two rows: the newer ones are at or above it, the older ones below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(u128);

impl Position {
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

    /// The cursor with which a caller continues here. It is sealed, so that a mistyped one is refused and not followed.
    pub fn cursor(self, redactor: &Redactor) -> String {
        let place = format!("{:0DIGITS$x}", self.0);
        let seal = redactor.hash(&format!("log cursor {place}"));
        place + &seal
    }

    pub fn read(cursor: &str, redactor: &Redactor) -> Result<Self> {
        let place = cursor
            .get(..DIGITS)
            .and_then(|place| u128::from_str_radix(place, 16).ok());
        place
            .map(Self)
            .filter(|position| position.cursor(redactor) == cursor)
            .ok_or_else(|| Error::new(Kind::Malformed, "The cursor is not one that this list gave."))
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
        let at = Position::at(time("2026-01-05T10:00:00Z"));
        let before = LogRowId::new(time("2026-01-05T09:59:59.999Z"));
        let then = LogRowId::new(time("2026-01-05T10:00:00Z"));
        assert!(Position::of(before) < at && Position::of(then) >= at);
        assert!(before.to_string() <= at.below() && then.to_string() >= at.above());
        assert_eq!(at.time(), time("2026-01-05T09:59:59.999Z"));
        assert_eq!(Position::of(then).time(), time("2026-01-05T10:00:00Z"));
    }

    #[test]
    fn a_row_is_not_below_itself() {
        let row = LogRowId::new(time("2026-01-05T10:00:00Z"));
        let position = Position::of(row);
        assert!(position.below() < row.to_string());
        assert_eq!(position.above(), row.to_string());
    }

    #[test]
    fn a_cursor_leads_back_and_no_other_text_does() {
        let redactor = Redactor::new("test");
        let position = Position::of(LogRowId::new(time("2026-01-05T10:00:00Z")));
        let cursor = position.cursor(&redactor);
        assert_eq!(Position::read(&cursor, &redactor).unwrap(), position);
        for n in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[n] = if bytes[n] == b'0' { b'1' } else { b'0' };
            let bent = String::from_utf8(bytes).unwrap();
            assert_eq!(Position::read(&bent, &redactor).unwrap_err().kind, Kind::Malformed);
        }
        let upper = cursor.to_uppercase();
        for bent in [
            "",
            "x",
            "é",
            &upper,
            &cursor[1..],
            &cursor[..40],
            &"é".repeat(30),
            &"f".repeat(44),
        ] {
            assert!(Position::read(bent, &redactor).is_err(), "{bent}");
        }
        assert!(Position::read(&cursor, &Redactor::new("another stage")).is_err());
    }
}
