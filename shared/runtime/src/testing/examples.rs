//! The examples of a domain's operations, in the domain's folder `examples`: a test sends the requests and compares the
//! responses, and the API document shows both.
//!
//! `<operation>.request.json` is a request, `<operation>.<status>.json` a response, and `<type>.event.json` an event that the
//! hub sends.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use model::time::UtcTime;
use serde_json::Value;
use utoipa::openapi::OpenApi;
use uuid::Uuid;

use super::request::TestResponse;
use crate::port::bus::Event;

/// Members whose values are random or depend on a key.
const RANDOM: [&str; 4] = ["apiKey", "secret", "nextCursor", "upload"];

/// The files, and which of them a test has used.
pub struct Examples {
    /// Of the domain.
    package: PathBuf,
    used: BTreeSet<String>,
    stale: Vec<String>,
}

#[expect(clippy::expect_used, clippy::panic, reason = "a test's examples")]
impl Examples {
    /// `package` is the domain's `CARGO_MANIFEST_DIR`.
    pub fn of(package: &str) -> Self {
        let examples = Self {
            package: package.into(),
            used: BTreeSet::new(),
            stale: Vec::new(),
        };
        // Those of an earlier run.
        fs::remove_dir_all(examples.fresh()).ok();
        examples
    }

    /// The request of an operation.
    pub fn request(&mut self, operation: &str) -> String {
        let name = format!("{operation}.request.json");
        let file = self.package.join("examples").join(&name);
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.used.insert(name);
        text
    }

    /// Compares a response.
    pub fn response(&mut self, operation: &str, got: &TestResponse) {
        assert!(
            (200..300).contains(&got.status),
            "{operation} answers {}: {}",
            got.status,
            got.text
        );
        self.compare(format!("{operation}.{}.json", got.status), &got.text);
    }

    /// Compares the body that subscribers get of an event.
    pub fn event(&mut self, event: &Event) {
        let (id, kind, data) = (event.id, event.kind.as_str(), &event.data);
        let at = UtcTime(event.occurred_at);
        let at = serde_json::to_string(&at).expect("an instant");
        let body = format!(r#"{{"id":"{id}","type":"{kind}","timestamp":{at},"data":{data}}}"#);
        self.compare(format!("{kind}.event.json"), &body);
    }

    /// Compares a text that the hub made, and writes the fresh one down if it differs.
    pub fn compare(&mut self, name: String, text: &str) {
        let committed = fs::read_to_string(self.package.join("examples").join(&name)).unwrap_or_default();
        let parse = |text: &str| serde_json::from_str::<Value>(text).map(plain).ok();
        if parse(&committed).is_none() || parse(&committed) != parse(text) {
            let folder = self.fresh();
            fs::create_dir_all(&folder).expect("a folder for fresh examples");
            let fresh = with_secrets_of(&committed, pretty(text) + "\n");
            fs::write(folder.join(&name), fresh).expect("a fresh example");
            self.stale.push(name.clone());
        }
        self.used.insert(name);
    }

    fn fresh(&self) -> PathBuf {
        let domain = self.package.file_name().expect("a package has a name");
        let root = self.package.ancestors().nth(2).expect("a package is two folders deep");
        root.join("target/examples").join(domain)
    }

    /// Panics unless every operation has its examples, every example was used, and each response was as committed.
    pub fn finish(self, api: &OpenApi) {
        assert!(
            self.stale.is_empty(),
            "responses have changed: {:?}. Read the differences, then cp {}/* {}/",
            self.stale,
            self.fresh().display(),
            self.package.join("examples").display()
        );
        let missing: Vec<String> = documented(api).difference(&self.used).cloned().collect();
        assert!(missing.is_empty(), "operations without examples: {missing:?}");
        let unused: Vec<String> = files(&self.package.join("examples"))
            .difference(&self.used)
            .cloned()
            .collect();
        assert!(unused.is_empty(), "examples that no test uses: {unused:?}");
    }
}

#[expect(clippy::expect_used, reason = "a test's examples")]
fn files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder of examples");
    let names = entries.map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned());
    names.collect()
}

/// The names of the examples that a domain's operations need: JSON that is sent, or that is answered where all went well.
#[expect(clippy::expect_used, clippy::indexing_slicing, reason = "a test's examples")]
fn documented(api: &OpenApi) -> BTreeSet<String> {
    let api = serde_json::to_value(api).expect("a document");
    let mut names = BTreeSet::new();
    let items = api["paths"].as_object().into_iter().flatten();
    for operation in items.flat_map(|(_, item)| item.as_object().into_iter().flatten().map(|(_, operation)| operation))
    {
        let id = operation["operationId"].as_str().unwrap_or_default();
        if operation.get("requestBody").is_some() {
            names.insert(format!("{id}.request.json"));
        }
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            let json = &response["content"]["application/json"];
            if status.starts_with('2') && json.is_object() && json.get("example").is_none() {
                names.insert(format!("{id}.{status}.json"));
            }
        }
    }
    names
}

/// Without what differs between two runs.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| match value {
                Value::Null => (name, value),
                _ if RANDOM.contains(&name.as_str()) => (name, "(random)".into()),
                value => (name, plain(value)),
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::String(text) if text.parse::<Timestamp>().is_ok() => form(&text).into(),
        Value::String(text) => without_ids(&text).into(),
        other => other,
    }
}

/// With the random values of the committed example: a real secret belongs in no file.
fn with_secrets_of(committed: &str, fresh: String) -> String {
    RANDOM.iter().fold(fresh, |fresh, member| {
        let start = format!("\"{member}\": \"");
        match (committed.split_once(&start), fresh.split_once(&start)) {
            (Some((_, old)), Some((before, new))) => {
                let (old, _) = old.split_once('"').unwrap_or((old, ""));
                let (_, after) = new.split_once('"').unwrap_or(("", new));
                format!("{before}{start}{old}\"{after}")
            }
            _ => fresh,
        }
    })
}

/// A time without its digits: how many it has does not differ.
fn form(time: &str) -> String {
    time.replace(|letter: char| letter.is_ascii_digit(), "0")
}

/// With a word in the place of each id, also of one without hyphens.
fn without_ids(text: &str) -> String {
    let is_of_id = |letter: char| letter == '-' || matches!(letter, '0'..='9' | 'a'..='f');
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_of_id) {
        let (before, from) = rest.split_at(start);
        let (run, after) = from.split_at(from.find(|letter| !is_of_id(letter)).unwrap_or(from.len()));
        out.push_str(before);
        out.push_str(if run.parse::<Uuid>().is_ok() { "(id)" } else { run });
        rest = after;
    }
    out + rest
}

/// The same JSON, a member a line, with members and numbers as they are.
fn pretty(text: &str) -> String {
    let mut out = String::new();
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    let mut before = ' ';
    for letter in text.chars() {
        if in_text {
            out.push(letter);
            in_text = escaped || letter != '"';
            escaped = !escaped && letter == '\\';
            continue;
        }
        let line = |depth: usize| format!("\n{}", "  ".repeat(depth));
        match letter {
            ' ' | '\n' | '\r' | '\t' => continue,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !matches!(before, '{' | '[') {
                    out.push_str(&line(depth));
                }
                out.push(letter);
            }
            _ => {
                if matches!(before, '{' | '[') || before == ',' {
                    out.push_str(&line(depth));
                }
                out.push(letter);
            }
        }
        match letter {
            '{' | '[' => depth += 1,
            ':' => out.push(' '),
            _ => {}
        }
        in_text = letter == '"';
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_written_a_member_a_line_and_stays_the_same() {
        let text = r#"{"a":450.00,"b":[],"c":{"d":["x \"{,}\" \\",null]},"e":{}}"#;
        let expected = "{\n  \"a\": 450.00,\n  \"b\": [],\n  \"c\": {\n    \"d\": [\n      \"x \\\"{,}\\\" \\\\\",\n      null\n    ]\n  },\n  \"e\": {}\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty(expected), expected);
    }

    #[test]
    fn a_fresh_example_keeps_the_committed_secret() {
        let (committed, fresh) = (r#"{"secret": "example", "n": 1}"#, r#"{"secret": "real", "n": 2}"#);
        assert_eq!(
            with_secrets_of(committed, fresh.to_owned()),
            r#"{"secret": "example", "n": 2}"#
        );
        assert_eq!(with_secrets_of("", fresh.to_owned()), fresh);
    }

    #[test]
    fn only_what_is_random_may_differ() {
        let one =
            json!({"id": "0190d5a0-0000-7000-8000-000000000001", "at": "2026-01-05T10:20:00Z", "secret": "a", "n": 1});
        let other =
            json!({"id": "0190d5a0-0000-7000-8000-000000000002", "at": "2026-01-05T10:20:01Z", "secret": "b", "n": 1});
        assert_eq!(plain(one.clone()), plain(other.clone()));
        for (member, value) in [
            ("n", json!(2)),
            ("id", json!("x")),
            ("secret", Value::Null),
            ("more", json!(1)),
            ("at", json!("2026-01-05T10:20:01.5Z")),
        ] {
            let mut changed = other.clone();
            changed[member] = value;
            assert_ne!(plain(one.clone()), plain(changed), "{member}");
        }
    }
}
