//! The forms of scalars that may stand in a log. A scalar is given as JSON.

use crate::loggable::Shown;

const MAX_ID: usize = 64;
const MAX_CODE: usize = 64;
const MAX_PLACE: usize = 120;
/// No adult was born in this year or later.
const FIRST_YEAR: &str = "2015";

/// Whether the scalar has the form, where that does not depend on the request.
pub fn is_fixed(scalar: &str, shown: Shown) -> bool {
    match shown {
        Shown::Number => is_number(text(scalar).unwrap_or(scalar)),
        Shown::Count => (1..=5).contains(&scalar.len()) && is_digits(scalar),
        Shown::Flag => matches!(scalar, "true" | "false" | "0" | "1"),
        Shown::Date => text(scalar).is_some_and(is_date),
        Shown::Uuid => text(scalar).is_some_and(is_uuid),
        Shown::Id(prefixes) => text(scalar).is_some_and(|text| prefixes.iter().any(|prefix| is_id(text, prefix))),
        Shown::Known(reads) => text(scalar).is_some_and(reads),
        Shown::Word(words) | Shown::Code(words) => text(scalar).is_some_and(|text| words.contains(&text)),
        _ => false,
    }
}

/// The text of a JSON string without escapes.
fn text(scalar: &str) -> Option<&str> {
    let text = scalar.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('\\')).then_some(text)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_number(scalar: &str) -> bool {
    let digits = scalar.strip_prefix('-').unwrap_or(scalar);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    (1..=7).contains(&whole.len()) && whole.len() + decimals.len() <= 9 && is_digits(whole) && is_digits(decimals)
}

/// `2026-01-05`, and what may follow of a time: `T10:20:00.123Z`.
fn is_date(text: &str) -> bool {
    let (date, time) = text.split_at_checked(10).unwrap_or_default();
    let is_day = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let is_time = |time: &str| {
        let mut bytes = time.bytes();
        time.len() <= 30 && bytes.all(|byte| byte.is_ascii_digit() || b":.+-Z".contains(&byte))
    };
    let has_time = || time.strip_prefix('T').is_some_and(is_time);
    !date.is_empty() && is_day && date >= FIRST_YEAR && (time.is_empty() || has_time())
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The partner's prefix, and a word with a digit: a name has none.
fn is_id(text: &str, prefix: &str) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else {
        return false;
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.len() <= MAX_ID && rest.bytes().all(plain) && rest.bytes().any(|byte| byte.is_ascii_digit())
}

/// A word for programs without digits.
pub fn code(scalar: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'.');
    text(scalar).filter(|text| (1..=MAX_CODE).contains(&text.len()) && text.bytes().all(plain))
}

/// The text of a place, or an index alone.
pub fn place(scalar: &str) -> Option<&str> {
    if is_digits(scalar) { Some(scalar) } else { text(scalar) }
}

/// Known words between dots and brackets, such as `$.customer.addresses[0].line1`, with few and small indexes.
pub fn is_place(text: &str, is_known: impl Fn(&str) -> bool) -> bool {
    let mut indexes = 0;
    text.len() <= MAX_PLACE
        && text
            .split(['.', '[', ']', '$'])
            .filter(|word| !word.is_empty())
            .all(|word| {
                let is_index = word.len() <= 3 && is_digits(word);
                indexes += usize::from(is_index);
                if is_index { indexes <= 2 } else { is_known(word) }
            })
}
