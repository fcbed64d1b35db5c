//! Redaction: a log shows the members that an adapter allows, and of the rest only length and a keyed hash.

use std::collections::BTreeMap;

use ring::hmac;
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
/// The most bytes of a redacted document. A row of DynamoDB has room for twelve of them.
pub const MAX_DOCUMENT: usize = 32 * 1024;
/// What follows the last entry that begins within the limit: this entry, `truncated`, and a bracket for each level.
const ENDING: usize = 512;

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
    /// redacted whole. It ends with `truncated` after [`MAX_DOCUMENT`].
    pub fn document(&self, body: &[u8], allowed: &[&str]) -> String {
        if body.is_empty() {
            return String::new();
        }
        let mut document = RedactedDocument {
            redactor: self,
            allowed,
            text: String::new(),
            is_cut: false,
        };
        let raw = serde_json::from_slice::<&RawValue>(body).ok();
        match raw.and_then(|raw| document.value(raw, None, DEEPEST)) {
            Some(()) => document.text,
            None => self.text(&String::from_utf8_lossy(body)),
        }
    }

    /// A member's name can be data as well, where a map is keyed by it.
    fn name(&self, name: &str, allowed: &[&str]) -> String {
        let plain = name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if plain || allowed.contains(&name) {
            name.to_owned()
        } else {
            self.text(name)
        }
    }
}

/// A document while it is written. A short value becomes a long one, so its length is limited here and not before.
struct RedactedDocument<'a> {
    redactor: &'a Redactor,
    allowed: &'a [&'a str],
    text: String,
    is_cut: bool,
}

impl RedactedDocument<'_> {
    /// None if it is nested too deeply.
    fn value(&mut self, raw: &RawValue, member: Option<&str>, depth: u8) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match raw.get().as_bytes().first()? {
            b'{' => self.object(raw, depth),
            b'[' => self.list(raw, member, depth),
            _ => {
                self.scalar(raw.get(), member);
                Some(())
            }
        }
    }

    fn object(&mut self, raw: &RawValue, depth: u8) -> Option<()> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
        self.text.push('{');
        let begin = self.text.len();
        for (name, value) in members {
            if value.get() == "null" {
                continue;
            }
            if !self.goes_on(begin, r#""truncated":true"#) {
                break;
            }
            let shown = self.redactor.name(&name, self.allowed);
            self.text.push_str(&serde_json::to_string(&shown).ok()?);
            self.text.push(':');
            self.value(value, Some(&name), depth)?;
        }
        self.text.push('}');
        Some(())
    }

    /// Equal scalars are written one time, and how often they are there after them.
    fn list(&mut self, raw: &RawValue, member: Option<&str>, depth: u8) -> Option<()> {
        let values: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        let is_scalar = |value: &RawValue| !value.get().starts_with(['{', '[']);
        let mut scalars: BTreeMap<&str, usize> = BTreeMap::new();
        for value in values.iter().filter(|value| is_scalar(value)) {
            *scalars.entry(value.get()).or_default() += 1;
        }
        self.text.push('[');
        let begin = self.text.len();
        for value in values {
            let times = match is_scalar(value) {
                true => scalars.remove(value.get()).unwrap_or_default(),
                false => 1,
            };
            if times == 0 {
                continue;
            }
            if !self.goes_on(begin, r#""truncated""#) {
                break;
            }
            self.value(value, member, depth)?;
            if times > 1 {
                self.text.push_str(&format!(r#","x{times}""#));
            }
        }
        self.text.push(']');
        Some(())
    }

    fn scalar(&mut self, scalar: &str, member: Option<&str>) {
        let is_allowed = member.is_some_and(|member| self.allowed.contains(&member));
        if scalar == "null" || (is_allowed && is_plain(scalar)) {
            self.text.push_str(scalar);
        } else {
            self.text.push_str(&format!(r#""{}""#, self.redactor.text(scalar)));
        }
    }

    /// Goes on to the next entry of the object or list whose entries begin at `begin`. False if the document ends here, for
    /// which `mark` is its last entry.
    fn goes_on(&mut self, begin: usize, mark: &str) -> bool {
        if self.is_cut {
            return false;
        }
        if self.text.len() > begin {
            self.text.push(',');
        }
        self.is_cut = self.text.len() > MAX_DOCUMENT - ENDING;
        if self.is_cut {
            self.text.push_str(mark);
        }
        !self.is_cut
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

    /// What `document` shows of `body`, which has to be JSON within the limit.
    fn shown(body: &str, allowed: &[&str]) -> (String, serde_json::Value) {
        let seen = Redactor::new("key").document(body.as_bytes(), allowed);
        assert!(seen.len() <= MAX_DOCUMENT, "{} bytes", seen.len());
        let json = serde_json::from_str(&seen).unwrap();
        (seen, json)
    }

    #[test]
    fn a_document_that_grows_is_cut_and_stays_json() {
        let numbers: Vec<String> = (0..12_000).map(|n| n.to_string()).collect();
        let list = format!("[{}]", numbers.join(","));
        let members: Vec<String> = (0..9_000).map(|n| format!(r#""John{n}":{n}"#)).collect();
        let object = format!("{{{}}}", members.join(","));
        let deep = format!("{}{list}{}", r#"{"deep":["#.repeat(14), "]}".repeat(14));
        let many = format!(r#"{{"first":{list},"second":{object}}}"#);
        for body in [&list, &object, &deep, &many] {
            let (seen, _) = shown(body, &[]);
            assert!(seen.len() > MAX_DOCUMENT - 1024, "{} bytes", seen.len());
            assert_eq!(seen.matches("truncated").count(), 1);
            assert!(!seen.contains("John"));
        }
        assert_eq!(shown(&list, &[]).1.as_array().unwrap().last().unwrap(), "truncated");
        assert_eq!(shown(&object, &[]).1["truncated"], true);
        let (seen, _) = shown(r#"{"list":[1,2,3]}"#, &[]);
        assert!(!seen.contains("truncated"));
    }

    #[test]
    fn a_document_of_any_shape_is_cut_within_its_limit() {
        let mut dice = crate::testing::Dice(7);
        for _ in 0..200 {
            // An allowed word of 64 letters is the longest scalar that stays as it is.
            let entries: Vec<String> = (0..600 + dice.roll(600))
                .map(|n| match dice.roll(4) {
                    0 => format!(r#"{{"term":"{}{n}"}}"#, "x".repeat(60)),
                    1 => format!(r#"{{"{n}":{n}}}"#),
                    2 => format!("{}{n}{}", "[".repeat(20), "]".repeat(20)),
                    _ => n.to_string(),
                })
                .collect();
            shown(&format!(r#"{{"entries":[{}]}}"#, entries.join(",")), &["term"]);
        }
    }

    #[test]
    fn equal_scalars_of_a_list_are_written_once() {
        let redactor = Redactor::new("key");
        let (_, seen) = shown(
            r#"{"term":[36,48,36,36],"name":["John","Jane","John",{"a":1},{"a":1}]}"#,
            &["term"],
        );
        assert_eq!(seen["term"], serde_json::json!([36, "x3", 48]));
        let (john, one) = (redactor.text(r#""John""#), serde_json::json!({"a": redactor.text("1")}));
        assert_eq!(
            seen["name"],
            serde_json::json!([john, "x2", redactor.text(r#""Jane""#), one, one])
        );
        let zeros = format!("[{}0]", "0,".repeat(30_000));
        assert_eq!(shown(&zeros, &[]).1, serde_json::json!([redactor.text("0"), "x30001"]));
    }
}
