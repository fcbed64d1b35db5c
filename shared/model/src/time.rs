//! Instants as the hub writes them, and as clients write them into a query.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::{PartialSchema, ToSchema};

/// An instant in responses, events and webhooks, save those of spec 4: RFC 3339 in UTC, always with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct UtcTime(pub Timestamp);

impl From<Timestamp> for UtcTime {
    fn from(instant: Timestamp) -> Self {
        Self(instant)
    }
}

impl Serialize for UtcTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.3}", self.0))
    }
}

impl PartialSchema for UtcTime {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .pattern(Some(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"))
            .description(Some("An instant in UTC, with milliseconds."))
            .examples(["2024-08-26T10:20:54.000Z"])
            .into()
    }
}

impl ToSchema for UtcTime {}

/// Reads an instant of a query. A plus sign that the client did not escape arrives as a space.
pub fn from_query<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    read(text).or_else(|| {
        let (time, offset) = text.rsplit_once(' ')?;
        read(&format!("{time}+{offset}"))
    })
}

/// For `#[serde(default, deserialize_with = "query_time")]`.
pub fn query_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let read = |text: String| {
        let instant = from_query(&text, |text| text.parse().ok());
        instant.ok_or_else(|| de::Error::custom("must be a date and a time in RFC 3339, such as 2026-11-01T00:00:00Z"))
    };
    text.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_milliseconds() {
        for (given, shown) in [
            ("2024-08-26T10:20:54Z", "2024-08-26T10:20:54.000Z"),
            ("2024-08-26T12:20:54.5+02:00", "2024-08-26T10:20:54.500Z"),
            ("2024-08-26T10:20:54.999999999Z", "2024-08-26T10:20:54.999Z"),
        ] {
            let text = serde_json::to_string(&UtcTime(given.parse().unwrap())).unwrap();
            assert_eq!(text, format!("\"{shown}\""));
            assert_eq!(
                serde_json::from_str::<UtcTime>(&text).unwrap().0,
                shown.parse().unwrap()
            );
        }
    }

    #[test]
    fn a_bare_plus_is_repaired() {
        let read = |text: &str| from_query(text, |text| text.parse::<Timestamp>().ok());
        let instant = read("2026-10-31T23:00:00Z");
        assert!(instant.is_some());
        for same in [
            "2026-11-01T00:00:00+01:00",
            "2026-11-01T00:00:00 01:00",
            "2026-11-01 00:00:00 01:00",
            "2026-11-01 00:00:00+01:00",
            "2026-10-31 23:00:00Z",
        ] {
            assert_eq!(read(same), instant, "{same}");
        }
        for bad in [
            "",
            " ",
            "2026-11-01T00:00:00",
            "2026-11-01T00:00:00  01:00",
            "yesterday 01:00",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
