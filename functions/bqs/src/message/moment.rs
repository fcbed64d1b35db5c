//! Times of spec 4: dates as senders write them, instants as readers get them in Danish time, and the order of arrival.

use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::json::{FIRST_MOMENT, instant, offset_at};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};

/// .NET's last moment, `DateTime.MaxValue`.
const LAST_MOMENT: DateTime = civil::date(9999, 12, 31).at(23, 59, 59, 999_999_900);

/// Compiled in: Lambda has no time zone database.
const COPENHAGEN: TimeZone = jiff::tz::get!("Europe/Copenhagen");

/// A date as senders write it, in UTC. Without an offset it is Danish time, which the sending system uses.
pub fn date(text: &str) -> Option<DateTime> {
    instant(text, &COPENHAGEN)
}

/// The timestamp of a moment in UTC, or the last timestamp for the day after it.
pub fn timestamp(moment: DateTime) -> Timestamp {
    TimeZone::UTC.to_timestamp(moment).unwrap_or(Timestamp::MAX)
}

/// `2022-01-01T01:00:00+01:00`, with six digits if the moment has a fraction, as in the spec.
///
/// .NET's first and last moments stay what they are. A moment whose Danish time would be in the year 10000 is in UTC.
pub fn danish(moment: DateTime) -> String {
    let offset = offset_at(&COPENHAGEN, moment);
    let shown = moment.checked_add(offset).ok().filter(|_| moment > FIRST_MOMENT);
    let digits = |shown: DateTime| match shown.subsec_nanosecond() {
        0 => 0,
        _ if shown == LAST_MOMENT => 7,
        _ => 6,
    };
    let Some(shown) = shown else {
        return format!("{moment:.0$}+00:00", digits(moment));
    };
    // Denmark is east of Greenwich.
    let minutes = offset.as_mins();
    format!("{shown:.0$}+{1:02}:{2:02}", digits(shown), minutes / 60, minutes % 60)
}

/// An instant of the hub in spec 4's answers: `2024-05-22T15:21:05.987296+02:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DanishTime(pub ReceivedDate);

impl From<Timestamp> for DanishTime {
    fn from(instant: Timestamp) -> Self {
        Self(ReceivedDate::of(instant))
    }
}

impl<'de> Deserialize<'de> for DanishTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for DanishTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.danish())
    }
}

impl PartialSchema for DanishTime {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0[12]:00$"))
            .description(Some("An instant in Danish time, with microseconds."))
            .examples(["2024-05-22T15:21:05.987296+02:00"])
            .into()
    }
}

impl ToSchema for DanishTime {}

/// When a message arrived. No two messages of a case have the same moment, and later writes have later moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceivedDate(i64);

/// The largest sort key. It has 16 digits, so text sorts as numbers do, until the year 2286.
const LATEST: i64 = 9_999_999_999_999_999;

impl ReceivedDate {
    pub const FIRST: Self = Self(0);
    pub const LATEST: Self = Self(LATEST);

    /// Now, or the moment after `last` if this clock is behind it.
    pub fn after(last: Option<Self>, now: Timestamp) -> Self {
        let now = Self::of(now);
        last.map_or(now, |last| now.max(last.next()))
    }

    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1).min(LATEST))
    }

    /// The microsecond that a timestamp is in.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.as_microsecond().clamp(0, LATEST))
    }

    pub fn from_key(key: &str) -> Option<Self> {
        key.parse().ok().map(Self)
    }

    pub fn key(self) -> String {
        format!("{:016}", self.0)
    }

    /// To the millisecond, as other times are: the microseconds can be of the order alone.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0.div_euclid(1000)).unwrap_or(Timestamp::MAX)
    }

    /// `2024-05-22T15:21:05.987296+02:00`
    pub fn danish(self) -> String {
        let moment = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_micros(self.0));
        let moment = moment.unwrap_or(Timestamp::UNIX_EPOCH);
        format!("{:.6}", moment.display_with_offset(COPENHAGEN.to_offset(moment)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn dates_are_shown_as_in_copenhagen() {
        for (given, shown) in [
            ("2022-01-01T00:00:00Z", "2022-01-01T01:00:00+01:00"),
            ("2022-07-01T00:00:00.5Z", "2022-07-01T02:00:00.500000+02:00"),
            ("2022-07-01T00:00:00.987654321Z", "2022-07-01T02:00:00.987654+02:00"),
            ("9999-12-31T23:59:59.9999998", "9999-12-31T23:59:59.999999+01:00"),
            ("2021-12-31T22:30:00-01:30", "2022-01-01T01:00:00+01:00"),
            // The last second of winter and the first of summer time, and back.
            ("2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"),
            ("2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"),
            ("2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"),
            ("2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"),
            // Denmark's summer of 1995 ended in September.
            ("1995-10-01T00:00:00Z", "1995-10-01T01:00:00+01:00"),
            // Without an offset it is Danish time. A repeated hour means the first one, and a skipped hour is valid.
            ("2022-01-01T01:00:00", "2022-01-01T01:00:00+01:00"),
            ("2024-07-01", "2024-07-01T00:00:00+02:00"),
            ("2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"),
            ("2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00"),
            // Before 1894 Copenhagen's clocks showed the time of the sun, whose offset has seconds.
            ("1850-01-01T00:00:00", "1850-01-01T00:00:00+00:53"),
            ("1850-01-01T00:00:00Z", "1850-01-01T00:53:00+00:53"),
            // .NET's default(DateTime) and DateTime.MaxValue. It cannot read a moment before or after them, in UTC or in an offset.
            ("0001-01-01T00:00:00", "0001-01-01T00:00:00+00:00"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
            ("0001-01-01T00:00:00+01:00", "0001-01-01T00:00:00+00:00"),
            ("0001-01-01T02:00:00", "0001-01-01T02:00:00+00:53"),
            ("9999-12-31T23:59:59.9999999", "9999-12-31T23:59:59.9999999+01:00"),
            ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999+00:00"),
            ("9999-12-31T23:59:59.9999999+01:00", "9999-12-31T23:59:59.9999999+01:00"),
        ] {
            assert_eq!(danish(date(given).unwrap()), shown, "{given}");
        }
    }

    #[test]
    fn arrival_is_shown_to_the_microsecond() {
        for (moment, shown) in [
            ("2024-05-22T13:21:05.987296Z", "2024-05-22T15:21:05.987296+02:00"),
            ("2024-01-22T13:21:05Z", "2024-01-22T14:21:05.000000+01:00"),
        ] {
            assert_eq!(ReceivedDate::of(utc(moment)).danish(), shown);
        }
    }

    #[test]
    fn a_clock_that_is_behind_loses_nothing() {
        let now = utc("2026-01-05T10:20:00Z");
        let first = ReceivedDate::after(None, now);
        let second = ReceivedDate::after(Some(first), now);
        let third = ReceivedDate::after(Some(second), utc("2026-01-05T10:19:00Z"));
        let fourth = ReceivedDate::after(Some(third), utc("2026-01-05T10:20:01Z"));
        assert_eq!(
            [first, second, third, fourth].map(ReceivedDate::danish),
            [
                "2026-01-05T11:20:00.000000+01:00",
                "2026-01-05T11:20:00.000001+01:00",
                "2026-01-05T11:20:00.000002+01:00",
                "2026-01-05T11:20:01.000000+01:00",
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_is_a_cursor(micros in 0..4_102_444_800_000_000_i64) {
            let received = ReceivedDate(micros);
            prop_assert_eq!(date(&received.danish()).map(timestamp).map(ReceivedDate::of), Some(received));
            prop_assert_eq!(ReceivedDate::from_key(&received.key()), Some(received));
            prop_assert!(received.key() < received.next().key());
        }
    }
}
