//! Dates as System.Text.Json reads them: `2024-07-01`, optionally with a time and an offset.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A date without an offset is in `zone`.
pub fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked("2024-07-01".len())?;
    if !like(date, "0000-00-00") {
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
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (["", "Z"].contains(&offset) || like(offset, "+00:00") || like(offset, "-00:00"));
    if !well_formed {
        return None;
    }
    // A timestamp has nanoseconds.
    let fraction: String = fraction.chars().take(9).collect();
    let seconds = if like(clock, "00:00") { ":00" } else { "" };
    let local_text = format!("{date}T{clock}{seconds}.{fraction}");
    if offset.is_empty() {
        return local(&local_text, zone);
    }
    format!("{local_text}{offset}").parse().ok()
}

fn local(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let time: DateTime = text.parse().ok()?;
    zone.to_timestamp(time).ok()
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
