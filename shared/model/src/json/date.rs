//! Dates as System.Text.Json reads them: `2024-07-01`, optionally with a time and an offset.

use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;

/// .NET's first moment, `default(DateTime)`.
pub const FIRST_MOMENT: DateTime = date(1, 1, 1).at(0, 0, 0, 0);
/// The largest offset in .NET.
const MAX_OFFSET: SignedDuration = SignedDuration::from_hours(14);

/// The moment in UTC. A date without an offset is in `zone`.
///
/// A moment that is outside .NET's years 1 to 9999 in UTC only is the first or the last one: `default(DateTime)` and
/// `DateTime.MaxValue` come without an offset or with any. A [`Timestamp`] ends a day before the last one.
pub fn instant(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let (date, rest) = text.split_at_checked("2024-07-01".len())?;
    if !like(date, "0000-00-00") || date.starts_with("0000") {
        return None;
    }
    let Some(time) = rest.strip_prefix('T') else {
        return rest.is_empty().then(|| local(text, zone))?;
    };
    let offset = time.find(['Z', '+', '-']);
    let (time, offset) = time.split_at(offset.unwrap_or(time.len()));
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let has_fraction = time.contains('.');
    let well_formed = (like(clock, "00:00:00") || (like(clock, "00:00") && !has_fraction))
        && (1..=16).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return None;
    }
    // A moment has nanoseconds.
    let fraction: String = fraction.chars().take(9).collect();
    let seconds = if like(clock, "00:00") { ":00" } else { "" };
    let text = format!("{date}T{clock}{seconds}.{fraction}");
    match offset {
        "" => local(&text, zone),
        "Z" => text.parse().ok(),
        _ => Some(utc(text.parse().ok()?, self::offset(offset)?)),
    }
}

/// The offset of a zone at a moment in UTC, in whole minutes: in the 19th century clocks showed the time of the sun, and .NET has
/// no seconds in an offset.
pub fn offset_at(zone: &TimeZone, moment: DateTime) -> SignedDuration {
    let moment = TimeZone::UTC.to_timestamp(moment).unwrap_or(Timestamp::MAX);
    SignedDuration::from_mins(i64::from(zone.to_offset(moment).seconds()) / 60)
}

fn local(text: &str, zone: &TimeZone) -> Option<DateTime> {
    let time: DateTime = text.parse().ok()?;
    let Ok(moment) = zone.to_timestamp(time) else {
        // Only the last day of all is beyond a timestamp.
        return Some(utc(time, offset_at(zone, time)));
    };
    let in_utc = TimeZone::UTC.to_datetime(moment);
    let minutes = time.duration_since(in_utc).as_mins();
    Some(utc(time, SignedDuration::from_mins(minutes)))
}

fn utc(time: DateTime, offset: SignedDuration) -> DateTime {
    time.saturating_sub(offset).max(FIRST_MOMENT)
}

fn offset(text: &str) -> Option<SignedDuration> {
    let (sign, digits) = text.split_at_checked(1)?;
    if !like(digits, "00:00") {
        return None;
    }
    let (hours, minutes) = digits.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let offset = SignedDuration::from_mins(hours * 60 + minutes);
    if minutes >= 60 || offset > MAX_OFFSET {
        return None;
    }
    Some(if sign == "-" { -offset } else { offset })
}

/// Whether the text has digits where the pattern has zeros, and otherwise equals the pattern.
fn like(text: &str, pattern: &str) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern.bytes()).all(|(given, wanted)| {
            if wanted == b'0' {
                given.is_ascii_digit()
            } else {
                given == wanted
            }
        })
}
