//! Comparing the body of a call with its fixture.

use serde_json::Value;

use crate::Call;

/// The body must be the fixture, and every amount in it must have the decimals that the fixture has.
#[track_caller]
pub fn assert_sends(call: &Call, fixture: &str) {
    let text = std::str::from_utf8(call.request.body()).unwrap();
    let sent: Value = serde_json::from_str(text).unwrap();
    let expected: Value = serde_json::from_str(fixture).unwrap();
    assert_eq!(sent, expected, "{}", call.operation);
    assert_eq!(amounts(text), amounts(fixture), "{}", call.operation);
}

fn amounts(text: &str) -> Vec<&str> {
    let words = text.split([' ', ',', ':', '}', ']', '\n']);
    let mut amounts: Vec<_> = words.filter(|word| is_amount(word)).collect();
    amounts.sort_unstable();
    amounts
}

fn is_amount(word: &str) -> bool {
    let decimals = word.split_once('.').map_or("", |(_, decimals)| decimals);
    word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && decimals.len() == 2
}
