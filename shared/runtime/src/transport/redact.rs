//! Redaction: a log shows the places that an adapter allows, and of the rest only length and a keyed hash.

use call::{Loggable, Redaction};
use ring::hmac;

use crate::port::config::Config;

/// Hashes with a key of the stage's own, so that equal values can be recognised and none can be guessed.
#[derive(Clone)]
pub struct Redactor(hmac::Key);

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

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

    /// The body of a request as it may stand in the log.
    pub fn request(&self, loggable: &'static Loggable, body: &[u8]) -> String {
        Redaction::new(loggable, body, &|text| self.text(text)).request()
    }

    /// The body of an answer to `request` as it may stand in the log.
    pub fn answer(&self, loggable: &'static Loggable, request: &[u8], body: &[u8]) -> String {
        Redaction::new(loggable, request, &|text| self.text(text)).answer(body)
    }
}

#[cfg(test)]
mod tests {
    use call::MAX_DOCUMENT;
    use call::Shown::{Date, List, Number, Object};

    use super::*;

    /// A date with a long time is the longest scalar that stands as it is.
    const LOGGABLE: Loggable = Loggable {
        request: &[
            ("term", Number),
            ("terms", List(&Number)),
            ("entries", List(&Object(&[("at", Date)]))),
        ],
        ..Loggable::NOTHING
    };

    #[test]
    fn what_is_not_allowed_is_a_keyed_hash() {
        let redactor = Redactor::new("key");
        let seen = |body: &str| redactor.request(&LOGGABLE, body.as_bytes());
        assert_eq!(seen(r#"{"term":36,"none":null}"#), r#"{"term":36}"#);
        let hidden = format!(r#"{{"{}":"{}"}}"#, redactor.text("name"), redactor.text(r#""John""#));
        assert_eq!(seen(r#"{"name":"John"}"#), hidden);
        assert_eq!(seen("<html>John</html>"), redactor.text("<html>John</html>"));
        assert_eq!(redactor.text("a"), redactor.text("a"));
        assert_ne!(redactor.hash("a"), Redactor::new("other").hash("a"));
    }

    /// What is shown of `body`, which has to be JSON within the limit.
    fn shown(body: &str) -> (String, serde_json::Value) {
        let seen = Redactor::new("key").request(&LOGGABLE, body.as_bytes());
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
            let (seen, _) = shown(body);
            assert!(seen.len() > MAX_DOCUMENT - 1024, "{} bytes", seen.len());
            assert_eq!(seen.matches("truncated").count(), 1);
            assert!(!seen.contains("John"));
        }
        assert_eq!(shown(&list).1.as_array().unwrap().last().unwrap(), "truncated");
        assert_eq!(shown(&object).1["truncated"], true);
        let (seen, _) = shown(r#"{"list":[1,2,3]}"#);
        assert!(!seen.contains("truncated"));
    }

    #[test]
    fn a_document_of_any_shape_is_cut_within_its_limit() {
        let mut dice = crate::testing::Dice(7);
        for _ in 0..200 {
            let entries: Vec<String> = (0..600 + dice.roll(600))
                .map(|n| match dice.roll(4) {
                    0 => format!(r#"{{"at":"2026-01-05T10:20:00.{}Z"}}"#, "0".repeat(20)),
                    1 => format!(r#"{{"{n}":{n}}}"#),
                    2 => format!("{}{n}{}", "[".repeat(20), "]".repeat(20)),
                    _ => n.to_string(),
                })
                .collect();
            shown(&format!(r#"{{"entries":[{}]}}"#, entries.join(",")));
        }
    }

    #[test]
    fn equal_scalars_of_a_list_are_written_once() {
        let redactor = Redactor::new("key");
        let (_, seen) = shown(r#"{"terms":[36,48,36,36],"entries":["John","Jane","John",{"a":1},{"a":1}]}"#);
        assert_eq!(seen["terms"], serde_json::json!([36, "x3", 48]));
        let john = redactor.text(r#""John""#);
        let one = serde_json::json!({redactor.text("a"): redactor.text("1")});
        assert_eq!(
            seen["entries"],
            serde_json::json!([john, "x2", redactor.text(r#""Jane""#), one, one])
        );
        let zeros = format!("[{}0]", "0,".repeat(30_000));
        assert_eq!(shown(&zeros).1, serde_json::json!([redactor.text("0"), "x30001"]));
    }
}
