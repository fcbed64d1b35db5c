//! Searches for values in everything that the hub leaves behind, in every encoding that it may have used.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use crate::stack::Stack;

/// A value that must not be found.
#[derive(Clone, Debug)]
pub struct Canary {
    pub name: String,
    pub value: String,
    encodings: Vec<String>,
}

/// A text that the hub left behind, and the place it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    pub place: String,
    pub text: String,
}

impl Canary {
    pub fn new(name: impl Into<String>, value: &str) -> Self {
        let json = |text: &str| {
            let quoted = Value::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        };
        let url = percent(value);
        let mut encodings = vec![
            value.to_owned(),
            json(value),
            json(&json(value)),
            url.to_lowercase(),
            url.replace("%20", "+"),
            url,
            format!("{:?}", value).trim_matches('"').to_owned(),
        ];
        // Shorter texts would be found by chance.
        encodings.extend(
            (0..3)
                .flat_map(|offset| base64(value, offset))
                .filter(|encoding| encoding.len() >= 8),
        );
        encodings.sort();
        encodings.dedup();
        Self {
            name: name.into(),
            value: value.to_owned(),
            encodings,
        }
    }

    pub fn is_in(&self, text: &str) -> bool {
        self.encodings.iter().any(|encoding| text.contains(encoding))
    }
}

fn percent(text: &str) -> String {
    let each = text.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    each.collect()
}

/// The part of the value's base64 that does not depend on the bytes around it, if the value begins `offset` bytes into a
/// group of three.
fn base64(value: &str, offset: usize) -> [String; 2] {
    let bytes = [vec![0; offset], value.as_bytes().to_vec()].concat();
    let (from, to) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
    [BASE64_STANDARD, BASE64_URL_SAFE].map(|engine| engine.encode(&bytes)[from..to].to_owned())
}

/// `canary in place: text`, for each canary in the text.
pub fn hits<'a>(canaries: impl IntoIterator<Item = &'a Canary>, text: &Text) -> Vec<String> {
    let here = canaries.into_iter().filter(|canary| canary.is_in(&text.text));
    here.map(|canary| format!("{} in {}: {:.1500}", canary.name, text.place, text.text))
        .collect()
}

impl Stack {
    async fn log_groups(&self) -> Vec<String> {
        let (mut names, mut request) = (Vec::new(), json!({}));
        loop {
            let page = self.service("logs", "Logs_20140328.DescribeLogGroups", request).await;
            let groups = page["logGroups"].as_array().unwrap().iter();
            names.extend(groups.map(|group| group["logGroupName"].as_str().unwrap().to_owned()));
            if page["nextToken"].is_null() {
                return names;
            }
            request = json!({"nextToken": page["nextToken"]});
        }
    }

    /// Every line of every log group since this time, in milliseconds.
    pub async fn logs(&self, since: i64) -> Vec<Text> {
        const PAGE_SIZE: usize = 10_000;
        let mut lines = Vec::new();
        for name in self.log_groups().await {
            let mut from = since;
            loop {
                let request = json!({"logGroupName": &name, "limit": PAGE_SIZE, "startTime": from});
                let got = self.service("logs", "Logs_20140328.FilterLogEvents", request).await;
                let events = got["events"].as_array().unwrap();
                lines.extend(events.iter().map(|event| Text {
                    place: name.clone(),
                    text: event["message"].as_str().unwrap().to_owned(),
                }));
                // The emulator has no pages, so the next request begins at the last event.
                let last = events.last().and_then(|event| event["timestamp"].as_i64());
                match last.filter(|last| events.len() == PAGE_SIZE && *last > from) {
                    Some(last) => from = last,
                    None => break,
                }
            }
        }
        lines
    }

    /// Every file of every bucket, as S3 lists it.
    pub async fn files(&self) -> Vec<Text> {
        self.of_buckets("list-type=2", "Contents").await
    }

    /// Every version of every file, those of deleted files included. A delete marker is not listed.
    pub async fn file_versions(&self) -> Vec<Text> {
        self.of_buckets("versions", "Version").await
    }

    /// What a list of each bucket's contents has under this element.
    async fn of_buckets(&self, query: &str, element: &str) -> Vec<Text> {
        let list = async |path: &str| {
            let url = format!("{}/{path}", self.text("/emulatorUrl"));
            self.signed_text(self.http.get(url), "s3").await
        };
        let mut files = Vec::new();
        for bucket in elements(&list("").await, "Name") {
            // The emulator has no upper limit, as S3 has.
            let page = list(&format!("{bucket}?{query}&max-keys=100000")).await;
            assert_eq!(elements(&page, "IsTruncated"), ["false"], "{bucket}");
            files.extend(elements(&page, element).into_iter().map(|file| Text {
                place: bucket.clone(),
                text: file,
            }));
        }
        files
    }
}

/// The contents of all elements of this name, which are not nested in each other.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let each = xml.split(&begin).skip(1);
    each.map(|rest| rest.split(&end).next().unwrap().to_owned()).collect()
}

#[test]
fn a_value_is_found_in_every_encoding() {
    let value = "Zoë \"Q\" /x y";
    let canary = Canary::new("name", value);
    let inside = Value::from(json!({"n": value}).to_string());
    for text in [
        format!("a {value} b"),
        json!({"n": value}).to_string(),
        inside.to_string(),
        format!("?n={}", percent(value)),
        BASE64_STANDARD.encode(format!("{{\"n\":\"{value}\"}}")),
        BASE64_STANDARD.encode(format!("-{value}+")),
        BASE64_URL_SAFE.encode(format!("--{value}--")),
    ] {
        assert!(canary.is_in(&text), "{text}");
    }
    assert!(!canary.is_in("Zoë Q x y"));
}
