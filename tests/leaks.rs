//! Looks for values in everything the hub leaves behind, however they may be written there.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use serde_json::{Value, json};

use crate::stack::Stack;

/// A value that must not turn up.
#[derive(Clone, Debug)]
pub struct Canary {
    pub name: String,
    pub value: String,
    shapes: Vec<String>,
}

/// A text to look into, and where it was found.
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
        let mut shapes = vec![
            value.to_owned(),
            json(value),
            json(&json(value)),
            url.to_lowercase(),
            url.replace("%20", "+"),
            url,
            format!("{:?}", value).trim_matches('"').to_owned(),
        ];
        // Shorter ones would be found by chance.
        shapes.extend(
            (0..3)
                .flat_map(|offset| base64(value, offset))
                .filter(|shape| shape.len() >= 8),
        );
        shapes.sort();
        shapes.dedup();
        Self {
            name: name.into(),
            value: value.to_owned(),
            shapes,
        }
    }

    pub fn is_in(&self, text: &str) -> bool {
        self.shapes.iter().any(|shape| text.contains(shape))
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

/// What is the same of the value's base64 whatever stands around it, where it begins so many bytes into a group.
fn base64(value: &str, offset: usize) -> [String; 2] {
    let bytes = [vec![0; offset], value.as_bytes().to_vec()].concat();
    let (from, to) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
    [BASE64_STANDARD, BASE64_URL_SAFE].map(|engine| engine.encode(&bytes)[from..to].to_owned())
}

/// `canary in place: text`, for each that was found.
pub fn hits<'a>(canaries: impl IntoIterator<Item = &'a Canary>, text: &Text) -> Vec<String> {
    let here = canaries.into_iter().filter(|canary| canary.is_in(&text.text));
    here.map(|canary| format!("{} in {}: {:.1500}", canary.name, text.place, text.text))
        .collect()
}

impl Stack {
    /// Every line of every log group since then, in milliseconds.
    pub async fn logs(&self, since: i64) -> Vec<Text> {
        const MOST: usize = 10_000;
        let groups = self.service("logs", "Logs_20140328.DescribeLogGroups", json!({})).await;
        let mut lines = Vec::new();
        for group in groups["logGroups"].as_array().unwrap() {
            let name = group["logGroupName"].as_str().unwrap();
            let mut from = since;
            loop {
                let ask = json!({"logGroupName": name, "limit": MOST, "startTime": from});
                let got = self.service("logs", "Logs_20140328.FilterLogEvents", ask).await;
                let events = got["events"].as_array().unwrap();
                lines.extend(events.iter().map(|event| Text {
                    place: name.to_owned(),
                    text: event["message"].as_str().unwrap().to_owned(),
                }));
                // The emulator knows no next page.
                let last = events.last().and_then(|event| event["timestamp"].as_i64());
                match last.filter(|last| events.len() == MOST && *last > from) {
                    Some(last) => from = last,
                    None => break,
                }
            }
        }
        lines
    }

    /// Every message of every queue with its attributes, delayed and in flight included, and left where it is.
    pub async fn messages(&self) -> Vec<Value> {
        let all = self.peek("/_ministack/sqs/messages").await;
        let regions = all["messages"].as_object().unwrap().values();
        let queues = regions.flat_map(|region| region.as_object().unwrap().values());
        let queues = queues.flat_map(|queues| queues.as_object().unwrap().values());
        queues
            .flat_map(|messages| messages.as_array().unwrap().clone())
            .collect()
    }
}

#[test]
fn a_value_is_found_however_it_is_written() {
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
