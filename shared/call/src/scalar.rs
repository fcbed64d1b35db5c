//! Numbers and dates in the answers of partners, for `#[serde(deserialize_with = "..")]`. A partner may write a number as text,
//! a whole number with a fraction of zero, a date without a zone, and `null` for what it does not have.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::json::{instant, number};
use model::person::UK;
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

/// No date of a partner's is before year 2: .NET writes year 1 for a date that is not set.
const FIRST_DATE: Timestamp = Timestamp::constant(-62_104_060_800, 0);

/// A decimal with its digits as written, never through a float.
pub fn decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    exact(&raw).ok_or_else(|| Error::custom("must be a number"))
}

/// [`decimal`] for a member that may be absent or null.
pub fn optional_decimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    present(&raw)
        .map(|raw| exact(raw).ok_or_else(|| Error::custom("must be a number")))
        .transpose()
}

/// A whole number, however it is written.
pub fn whole<'de, D: Deserializer<'de>, T: TryFrom<i128>>(deserializer: D) -> Result<T, D::Error> {
    integer(decimal(deserializer)?).ok_or_else(|| Error::custom("must be a whole number"))
}

/// [`whole`] for a member that may be absent or null.
pub fn optional_whole<'de, D: Deserializer<'de>, T: TryFrom<i128>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let number = optional_decimal(deserializer)?;
    let number = number.map(|number| integer(number).ok_or_else(|| Error::custom("must be a whole number")));
    number.transpose()
}

/// A member that may be absent or null. Its default stands for both.
pub fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A moment. Without a zone it is the time of the United Kingdom, and a date alone is the beginning of its day.
pub fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    instant_of(&text).ok_or_else(|| Error::custom("must be a date"))
}

/// The moment until which something is valid. A date alone is the last second of its day, and a date in year 1 is none.
pub fn optional_end<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let end = text.map(|text| {
        let day_end = || last_second(text.parse().ok().filter(|_| text.len() == "2024-12-31".len())?);
        day_end()
            .or_else(|| instant_of(&text))
            .ok_or_else(|| Error::custom("must be a date"))
    });
    Ok(end.transpose()?.filter(|end| *end >= FIRST_DATE))
}

fn present(raw: &RawValue) -> Option<&RawValue> {
    (raw.get() != "null").then_some(raw)
}

/// The number in `450.00` and in `"450.00"`. The text must be a JSON number and nothing else.
fn exact(raw: &RawValue) -> Option<Decimal> {
    let text: String = match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).ok()?,
        false => raw.get().to_owned(),
    };
    let is_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    let raw: &RawValue = serde_json::from_str(&text).ok().filter(|_| is_number)?;
    let alone = Some(raw.get()).filter(|number| number.len() == text.len())?;
    number::decimal(alone)
}

fn integer<T: TryFrom<i128>>(number: Decimal) -> Option<T> {
    let number = number.normalize();
    T::try_from(number.mantissa()).ok().filter(|_| number.scale() == 0)
}

fn instant_of(text: &str) -> Option<Timestamp> {
    let in_utc = || {
        let utc = instant(text, &UK)?;
        // Only the last day of year 9999 is beyond a timestamp.
        Some(TimeZone::UTC.to_timestamp(utc).unwrap_or(Timestamp::MAX))
    };
    text.parse().ok().or_else(in_utc)
}

fn last_second(day: Date) -> Option<Timestamp> {
    UK.to_timestamp(day.at(23, 59, 59, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[derive(Debug, serde::Deserialize)]
    struct Loose {
        #[serde(deserialize_with = "decimal")]
        amount: Decimal,
        #[serde(default, deserialize_with = "optional_decimal")]
        apr: Option<Decimal>,
        #[serde(deserialize_with = "whole")]
        term: u32,
        #[serde(default, deserialize_with = "optional_whole")]
        size: Option<u8>,
        #[serde(default, deserialize_with = "or_default")]
        flag: bool,
        #[serde(deserialize_with = "moment")]
        at: Timestamp,
        #[serde(default, deserialize_with = "optional_end")]
        end: Option<Timestamp>,
    }

    const STRICT: &str = r#"{"amount":450.00,"apr":4.9,"term":36,"size":5,"flag":true,"at":"2024-07-01T11:00:00Z",
        "end":"2024-12-31T23:59:59Z"}"#;

    fn changed(member: &str, value: &str) -> model::Result<Loose> {
        let mut document: serde_json::Map<String, serde_json::Value> = serde_json::from_str(STRICT).unwrap();
        document.remove(member);
        let rest = serde_json::to_string(&document).unwrap();
        read(rest.replacen('{', &format!("{{\"{member}\":{value},"), 1).as_bytes())
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_number_is_read_however_it_is_written() {
        for amount in ["450.00", "\"450.00\"", "450", "\"450\"", "4.5e2", "\"4.5E2\""] {
            assert_eq!(
                changed("amount", amount).unwrap().amount,
                Decimal::new(450, 0),
                "{amount}"
            );
        }
        for term in ["36", "36.0", "\"36\"", "\"36.00\"", "3.6e1"] {
            assert_eq!(changed("term", term).unwrap().term, 36, "{term}");
        }
        assert_eq!(changed("apr", "\"4.90\"").unwrap().apr, Some(Decimal::new(490, 2)));
        assert_eq!(changed("size", "5.0").unwrap().size, Some(5));
        for member in ["apr", "size", "end"] {
            let got = changed(member, "null").unwrap();
            assert!(got.apr.is_none() || got.size.is_none() || got.end.is_none(), "{member}");
        }
        assert!(!changed("flag", "null").unwrap().flag);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "\"\"",
            "\" 450\"",
            "\"450 \"",
            "\"1,450.00\"",
            "\"1_450\"",
            "\"+450\"",
            "\".5\"",
            "\"0450\"",
            "\"450 GBP\"",
            "\"NaN\"",
            "\"null\"",
            "\"true\"",
            "\"[1]\"",
            "\"\\\"450\\\"\"",
            "true",
            "[450]",
            "{}",
            "1e300",
        ] {
            for member in ["amount", "apr", "term", "size"] {
                assert!(changed(member, text).is_err(), "{member}: {text}");
            }
        }
        for text in ["36.5", "\"36.5\"", "-1", "4294967296", "null"] {
            assert!(changed("term", text).is_err(), "{text}");
        }
        assert!(changed("size", "256").is_err() && changed("amount", "null").is_err());
    }

    #[test]
    fn a_date_without_a_zone_is_the_united_kingdoms() {
        for (text, at) in [
            ("2024-07-01T12:00:00", "2024-07-01T11:00:00Z"),
            ("2024-12-01T12:00:00", "2024-12-01T12:00:00Z"),
            ("2024-07-01T12:00", "2024-07-01T11:00:00Z"),
            ("2024-07-01T12:00:00.1234567", "2024-07-01T11:00:00.1234567Z"),
            ("2024-07-01T12:00:00+02:00", "2024-07-01T10:00:00Z"),
            ("2024-07-01", "2024-06-30T23:00:00Z"),
        ] {
            assert_eq!(changed("at", &format!("\"{text}\"")).unwrap().at, utc(at), "{text}");
        }
        for (text, end) in [
            ("2024-12-31T23:59:59", Some("2024-12-31T23:59:59Z")),
            ("2024-07-31", Some("2024-07-31T22:59:59Z")),
            ("0001-01-01T00:00:00", None),
            ("0001-01-01T00:00:00Z", None),
        ] {
            let read = changed("end", &format!("\"{text}\"")).unwrap().end;
            assert_eq!(read, end.map(utc), "{text}");
        }
        let last = changed("end", "\"9999-12-31T23:59:59.9999999\"").unwrap().end;
        assert!(last > Some(utc("9999-12-30T00:00:00Z")));
        for text in ["soon", "", "2024-02-30", "31/12/2024", "1735689599"] {
            assert!(changed("end", &format!("\"{text}\"")).is_err(), "{text}");
            assert!(changed("at", &format!("\"{text}\"")).is_err(), "{text}");
        }
    }
}
