//! Redaction: a log shows the members that an adapter allows, and of the rest only length and a keyed hash.

use std::collections::BTreeMap;

use ring::hmac;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::port::config::Config;

/// Hashes with a key of the stage's own, so that equal values can be recognised and none can be guessed.
#[derive(Clone)]
pub struct Redactor(hmac::Key);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

const DEEPEST: u8 = 32;

impl Redactor {
    pub fn new(key: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// With the stage's key. Without one, with a random key, so that a forgotten setting exposes nothing.
    pub fn load(config: &Config) -> Self {
        match config.get("REDACTION_KEY") {
            Some(key) => Self::new(key),
            None => Self::new(&uuid::Uuid::new_v4().to_string()),
        }
    }

    /// `[REDACTED len= hmac=]`
    pub fn text(&self, value: &str) -> String {
        format!("[REDACTED len={} hmac={}]", value.len(), self.hash(value))
    }

    /// The first six bytes of the keyed hash, in hex.
    pub fn hash(&self, value: &str) -> String {
        self.hex(value, 6)
    }

    /// All of the keyed hash, in hex. Equal hashes mean equal values.
    pub fn digest(&self, value: &str) -> String {
        self.hex(value, usize::MAX)
    }

    fn hex(&self, value: &str, bytes: usize) -> String {
        let tag = hmac::sign(&self.0, value.as_bytes());
        let bytes = tag.as_ref().iter().take(bytes);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    }

    /// The document without its nulls, and with every value redacted whose member is not allowed. What is not JSON is
    /// redacted whole.
    pub fn document(&self, body: &[u8], allowed: &[&str]) -> String {
        if body.is_empty() {
            return String::new();
        }
        let whole = || self.text(&String::from_utf8_lossy(body));
        let Ok(raw) = serde_json::from_slice::<&RawValue>(body) else {
            return whole();
        };
        self.value(raw, None, allowed, DEEPEST)
            .map_or_else(whole, |value| value.get().to_owned())
    }

    fn value(&self, raw: &RawValue, member: Option<&str>, allowed: &[&str], depth: u8) -> Option<Box<RawValue>> {
        let depth = depth.checked_sub(1)?;
        match raw.get().as_bytes().first()? {
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
                let seen: Option<BTreeMap<String, _>> = members
                    .into_iter()
                    .filter(|(_, value)| value.get() != "null")
                    .map(|(name, value)| {
                        let value = self.value(value, Some(&name), allowed, depth)?;
                        Some((self.name(name, allowed), value))
                    })
                    .collect();
                written(&seen?)
            }
            b'[' => {
                let values: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
                let seen: Option<Vec<_>> = values
                    .into_iter()
                    .map(|value| self.value(value, member, allowed, depth))
                    .collect();
                written(&seen?)
            }
            b'n' => Some(raw.to_owned()),
            _ if member.is_some_and(|member| allowed.contains(&member)) && is_plain(raw.get()) => Some(raw.to_owned()),
            _ => written(&self.text(raw.get())),
        }
    }

    /// A member's name can be data as well, where a map is keyed by it.
    fn name(&self, name: String, allowed: &[&str]) -> String {
        let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if plain || allowed.contains(&name.as_str()) {
            name
        } else {
            self.text(&name)
        }
    }
}

/// A number, a flag or a single short word. An allowed member is no licence for prose.
fn is_plain(scalar: &str) -> bool {
    let word = scalar.trim_matches('"');
    word.len() <= 64
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '+'))
}

fn written<T: Serialize>(value: &T) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allowed_members_are_seen() {
        let redactor = Redactor::new("key");
        let body = br#"{"term":36,"name":"John","deep":[{"term":450.00,"dob":"1985"}],"none":null,"john@example.com":{"term":1}}"#;
        let seen = redactor.document(body, &["term"]);
        assert!(seen.contains(r#""term":36"#) && seen.contains(r#""term":450.00"#) && !seen.contains("none"));
        for hidden in ["John", "1985", "john@example.com"] {
            assert!(!seen.contains(hidden), "{seen}");
        }
        assert_eq!(
            redactor.document(b"<html>John</html>", &[]),
            redactor.text("<html>John</html>")
        );
        assert_eq!(redactor.text("a"), redactor.text("a"));
        assert_ne!(redactor.hash("a"), Redactor::new("other").hash("a"));
    }
}
