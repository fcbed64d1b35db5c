//! One text for all spellings of a JSON value, so that values are compared and not their texts.

use std::collections::BTreeMap;

use super::value::{Object, Value};

/// Zeros that a number may have at one end. A number that needs more has an exponent.
const MAX_ZEROS: i64 = 32;

impl Value {
    /// The value's text with its members in the order of their names and its numbers in one form. Two values have the same text
    /// if they differ only in the order of members, in how numbers and texts are written, and in white space.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        write(self, &mut text);
        text
    }
}

impl Object {
    /// The same for an object.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        write_object(self, &mut text);
        text
    }
}

fn write(value: &Value, to: &mut String) {
    match value {
        Value::Null => to.push_str("null"),
        Value::Bool(true) => to.push_str("true"),
        Value::Bool(false) => to.push_str("false"),
        Value::Number(text) => to.push_str(&number(text)),
        Value::Text(text) => write_text(text, to),
        Value::List(items) => {
            to.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, to);
                write(item, to);
            }
            to.push(']');
        }
        Value::Object(object) => write_object(object, to),
    }
}

fn write_object(object: &Object, to: &mut String) {
    let members: BTreeMap<&str, &Value> = object.iter().collect();
    to.push('{');
    for (index, (name, value)) in members.into_iter().enumerate() {
        separate(index, to);
        write_text(name, to);
        to.push(':');
        write(value, to);
    }
    to.push('}');
}

fn separate(index: usize, to: &mut String) {
    if index > 0 {
        to.push(',');
    }
}

fn write_text(text: &str, to: &mut String) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if !text.bytes().all(is_plain) {
        to.push_str(&serde_json::Value::from(text).to_string());
        return;
    }
    to.push('"');
    to.push_str(text);
    to.push('"');
}

/// A number without needless digits: `1`, `1.0` and `10e-1` are one text. No digit is lost, so that two numbers of many digits
/// stay two.
fn number(text: &str) -> String {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let (Ok(exponent), Ok(places), Ok(zeros)) = (
        exponent.parse::<i64>(),
        i64::try_from(fraction.len()),
        i64::try_from(digits.len() - significant.len()),
    ) else {
        // No number that a program means has such an exponent.
        return text.to_ascii_lowercase();
    };
    // The number is `significant`, with its last digit in this place.
    let place = exponent.saturating_sub(places).saturating_add(zeros);
    format!("{sign}{}", placed(significant, place))
}

fn placed(digits: &str, place: i64) -> String {
    if (0..=MAX_ZEROS).contains(&place) {
        let zeros = usize::try_from(place).unwrap_or_default();
        return format!("{digits}{}", "0".repeat(zeros));
    }
    let before = i64::try_from(digits.len()).unwrap_or(i64::MAX).saturating_add(place);
    if place < 0 && before > 0 {
        let (whole, fraction) = digits.split_at(usize::try_from(before).unwrap_or_default());
        return format!("{whole}.{fraction}");
    }
    if place < 0 && before >= -MAX_ZEROS {
        let zeros = usize::try_from(-before).unwrap_or_default();
        return format!("0.{}{digits}", "0".repeat(zeros));
    }
    format!("{digits}e{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        Value::parse(text).unwrap().canonical()
    }

    #[test]
    fn one_value_has_one_text_however_it_is_written() {
        for (texts, wanted) in [
            (
                &[
                    r#"{"a":1,"b":[1.5,"é",true,null]}"#,
                    r#" { "b" : [ 15e-1 , "\u00e9", true, null ], "a" : 1.0 } "#,
                    r#"{"b":[1.50,"\u00E9",true,null],"a":1E0}"#,
                ][..],
                r#"{"a":1,"b":[1.5,"é",true,null]}"#,
            ),
            (&["0", "-0", "0.00", "0e5", "-0.0E-7"], "0"),
            (&["100", "1e2", "100.0", "1.00E+2", "1000e-1"], "100"),
            (&["-0.05", "-5e-2", "-0.050"], "-0.05"),
            (&["1e400", "10e399", "1.0e400"], "1e400"),
            (&["12e-400", "1.2e-399"], "12e-400"),
            (&["\"1.0\""], "\"1.0\""),
            (&[r#""\"\\\/""#, r#""\u0022\u005c/""#], r#""\"\\/""#),
        ] {
            for text in texts {
                assert_eq!(canonical(text), wanted, "{text}");
            }
        }
    }

    #[test]
    fn other_values_have_other_texts() {
        let values = [
            "1",
            "-1",
            "10",
            "0.1",
            "\"1\"",
            "[1]",
            "[1,2]",
            "[2,1]",
            "null",
            "{}",
            "[]",
            r#"{"a":null}"#,
            r#"{"A":null}"#,
            r#"{"a":[]}"#,
            "9007199254740993",
            "9007199254740992",
            "0.30000000000000004",
            "0.3",
            "1e99999999999999999999",
            "2e99999999999999999999",
            "true",
            "false",
        ];
        let texts: std::collections::BTreeSet<_> = values.into_iter().map(canonical).collect();
        assert_eq!(texts.len(), values.len(), "{texts:?}");
    }

    #[test]
    fn a_canonical_text_is_its_own_and_reads_as_the_same_value() {
        for text in [
            "1e33", "1e32", "123e-40", "0.1e-31", "1e-33", "-12.5e3", "1e-400", "120000", "5e-324",
        ] {
            let once = canonical(text);
            assert_eq!(canonical(&once), once, "{text}");
            assert_eq!(once.parse::<f64>(), text.parse::<f64>(), "{text} became {once}");
        }
    }
}
