//! The examples of the document: files in the domains' folders `examples`, which the domains' own tests send and compare.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::operations::{operation_mut, operations_mut};

/// In front of a file's path, where the file's content belongs.
const FILE: &str = "file:";
const DOMAINS: [&str; 4] = ["bqs", "funders", "mmob", "operations"];

/// Values for parameters, by place and name: what a local stack has from its start, or what it answers with 404.
const PARAMETERS: [(&str, &str, &str); 21] = [
    ("path", "asset", "docs.js"),
    ("path", "capId", "12345"),
    ("path", "channelName", "vwfs-dk-example-partner"),
    ("path", "deliveryId", ID),
    ("path", "email", "john.doe@example.com"),
    ("path", "erasureId", ID),
    // Only the funder itself can sign its event: this one is no funder.
    ("path", "funder", "acme"),
    ("path", "funderName", "LEX"),
    ("path", "orderId", "po_Ab12Cd34Ef5"),
    ("path", "prodId", "prod_EfeUDJnTVdDigaqQ9rMaC"),
    ("path", "proposalId", ID),
    ("path", "quoteId", ID),
    ("path", "sequence", "1"),
    ("path", "subscriptionId", ID),
    ("path", "token", "the-token-of-the-stage"),
    ("query", "limit", "20"),
    ("query", "pre_view_case_id", "455732"),
    ("query", "dryRun", "false"),
    ("header", "webhook-id", "evt_1"),
    ("header", "webhook-timestamp", "1767608400"),
    (
        "header",
        "webhook-signature",
        "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    ),
];
const ID: &str = "0190d5a0-0000-7000-8000-000000000001";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Names the file of each example at the operation that it belongs to.
pub fn refer(document: &mut Value) {
    let mut files: Vec<(String, String)> = Vec::new();
    for domain in DOMAINS {
        let folder = format!("functions/{domain}/examples");
        for file in fs::read_dir(root().join(&folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            files.push((name.clone(), format!("{FILE}{folder}/{name}")));
        }
    }
    files.sort();
    for (name, file) in files {
        let name = name.strip_suffix(".json").unwrap();
        let (of, part) = name.rsplit_once('.').unwrap();
        let place = place(document, of, part).unwrap_or_else(|| panic!("{file} is of no operation"));
        place["example"] = json!(file);
    }
}

/// Gives parameters their values. A filter has none: the page would send it with the first request. Neither has a time or a
/// cursor: one that is written down is soon refused.
pub fn fill(document: &mut Value) {
    for (_, _, operation) in operations_mut(document) {
        for parameter in operation
            .get_mut("parameters")
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let is_of =
                |(place, name, _): &&(&str, &str, &str)| parameter["in"] == *place && parameter["name"] == *name;
            if let Some((_, _, value)) = PARAMETERS.iter().find(is_of) {
                let is_text = parameter["schema"].get("$ref").is_some() || parameter["schema"]["type"] == "string";
                parameter["example"] = if is_text {
                    json!(value)
                } else {
                    serde_json::from_str(value).unwrap()
                };
            }
        }
    }
}

/// The content that an example is of: `request`, `event` or a status.
fn place<'a>(document: &'a mut Value, of: &str, part: &str) -> Option<&'a mut Value> {
    let operation = match document["webhooks"].get(of) {
        Some(_) => &mut document["webhooks"][of]["post"],
        None => operation_mut(document, of)?,
    };
    let place = match part {
        "request" | "event" => operation.get_mut("requestBody")?,
        status => {
            let responses = operation.get_mut("responses")?.as_object_mut()?;
            let known = if responses.contains_key(status) { status } else { "2XX" };
            responses.get_mut(known)?
        }
    };
    place.get_mut("content")?.as_object_mut()?.values_mut().next()
}

/// The same with the files' content.
pub fn read(document: &mut Value) {
    match document {
        Value::Object(members) => members.values_mut().for_each(read),
        Value::Array(items) => items.iter_mut().for_each(read),
        Value::String(text) => {
            if let Some(content) = content(text) {
                *document = serde_json::from_str(&content).unwrap();
            }
        }
        _ => {}
    }
}

fn content(text: &str) -> Option<String> {
    let file = root().join(text.strip_prefix(FILE)?);
    Some(fs::read_to_string(file).unwrap().trim_end().to_owned())
}

/// A line of the document's text, with the content of the file that it names, as it is written there.
pub fn written(line: &str) -> String {
    let file = line.split('"').find(|text| text.starts_with(FILE));
    let Some((file, content)) = file.and_then(|file| Some((file, content(file)?))) else {
        return line.to_owned();
    };
    let indent = &line[..line.len() - line.trim_start().len()];
    line.replace(&format!("\"{file}\""), &content.replace('\n', &format!("\n{indent}")))
}
