//! What holds for the API document.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::document::{document, referring, text};
use super::operations::operations_mut;
use super::references;
use super::tags::TAGS;
use super::webhooks::TAG;

/// A type of its own writes every instant of a response, with a fixed number of digits, and its schema has the pattern. A plain
/// `Timestamp` has none.
#[test]
fn instants_of_responses_have_a_fixed_form() {
    // Spec 4's documents keep the dates that they were sent, and partners write their notices.
    let is_kept = |name: &str| ["CaseObjectRegistry", "CaseMessage"].contains(&name) || name.ends_with("Notice");
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas.iter().filter(|(name, _)| !is_kept(name)) {
        each_object(schema, &mut |object| {
            let is_free = object.get("format") == Some(&"date-time".into()) && !object.contains_key("pattern");
            assert!(!is_free, "an instant of {name} has no fixed form: {object:?}");
        });
    }
    assert!(schemas.contains_key("UtcTime") && schemas.contains_key("DanishTime"));
}

fn each_object(value: &Value, visit: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|value| each_object(value, visit));
        }
        Value::Array(items) => items.iter().for_each(|value| each_object(value, visit)),
        _ => {}
    }
}

#[test]
fn the_committed_document_is_what_the_functions_declare() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let committed = root.join("functions/operations/openapi.json");
    let made = text(&referring());
    if fs::read_to_string(&committed).unwrap_or_default() != made {
        let fresh = root.join("target/openapi.json");
        fs::create_dir_all(fresh.parent().unwrap()).unwrap();
        fs::write(&fresh, made).unwrap();
        panic!(
            "the API has changed: read the difference, then cp {} {}",
            fresh.display(),
            committed.display()
        );
    }
}

#[test]
fn a_status_names_every_reason() {
    let document = document();
    let reasons = |path: &str, method: &str, status: &str| -> Vec<String> {
        let reference = &document["paths"][path][method]["responses"][status]["$ref"];
        let Some(reference) = reference.as_str() else {
            return Vec::new();
        };
        let response = document.pointer(reference.trim_start_matches('#')).unwrap();
        let description = response["description"].as_str().unwrap();
        description.split("; ").map(str::to_owned).collect()
    };
    assert_eq!(
        reasons("/api/integration/proposals/generate", "post", "422"),
        [
            "Some values cannot be accepted",
            "the key was used with another query or body"
        ]
    );
    assert_eq!(
        reasons("/v1/bqs-case/case/{sequence}/score-customer", "post", "409"),
        [
            "Other requests changed the case first",
            "a call with the same key is running"
        ]
    );
    assert_eq!(
        reasons("/v1/bqs-case/case/{sequence}/score-customer", "post", "429"),
        [
            "Too much is running for this case",
            "the caller's quota for this minute is used up"
        ]
    );
    assert_eq!(
        reasons("/webhooks/mmob/{token}", "post", "413"),
        ["The body is over 64 KiB"]
    );
    let never = [
        ("/api/integration/customers/{email}/quotes", "404"),
        ("/v1/bqs-case/management/{channelName}", "404"),
        ("/api-docs", "503"),
    ];
    for (path, status) in never {
        assert!(reasons(path, "get", status).is_empty(), "{path} {status}");
    }
}

#[test]
fn every_429_says_when_to_ask_again() {
    let document = document();
    let responses = document["components"]["responses"].as_object().unwrap();
    let mut found = 0;
    for (name, response) in responses.iter().filter(|(name, _)| name.contains("429")) {
        found += 1;
        assert_eq!(
            response["headers"]["Retry-After"]["schema"]["type"], "integer",
            "{name}"
        );
    }
    assert!(found > 1);
}

#[test]
fn requests_responses_and_required_parameters_have_examples() {
    let mut document = document();
    let webhooks = document["webhooks"].clone();
    let events = webhooks
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, item)| (name.clone(), item["post"].clone()));
    let mut all: Vec<(String, Value)> = events.collect();
    for (path, method, operation) in operations_mut(&mut document) {
        all.push((format!("{method} {path}"), Value::Object(operation.clone())));
    }
    let shared = &document["components"]["responses"];
    for (name, operation) in all {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let has_one = parameter.get("example").is_some();
            assert!(
                has_one || parameter["required"] != true,
                "{name}: {}",
                parameter["name"]
            );
        }
        let mut bodies = vec![("request", &operation["requestBody"])];
        for (status, response) in operation["responses"].as_object().unwrap() {
            let reference = response["$ref"]
                .as_str()
                .and_then(|reference| reference.rsplit('/').next());
            bodies.push((status, reference.map_or(response, |reference| &shared[reference])));
        }
        for (part, body) in bodies {
            for (media, content) in body["content"].as_object().into_iter().flatten() {
                assert!(
                    content.get("example").is_some(),
                    "{name}: no example of {part} in {media}"
                );
            }
        }
    }
}

#[test]
fn every_operation_parameter_and_member_is_described() {
    let mut document = document();
    let mut found = Vec::new();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        references::unexplained(name, schema, &mut found);
    }
    let webhooks = document["webhooks"].clone();
    let mut operations: Vec<Value> = webhooks
        .as_object()
        .unwrap()
        .values()
        .map(|item| item["post"].clone())
        .collect();
    operations.extend(operations_mut(&mut document).map(|(_, _, operation)| Value::Object(operation.clone())));
    for operation in operations {
        let id = operation["operationId"].as_str().unwrap();
        for member in ["summary", "description"] {
            if operation[member].as_str().is_none_or(str::is_empty) {
                found.push(format!("{id}: {member}"));
            }
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["description"].as_str().is_none_or(str::is_empty) {
                found.push(format!("{id}: {}", parameter["name"]));
            }
        }
    }
    assert!(found.is_empty(), "without a description: {found:#?}");
}

#[test]
fn every_reference_leads_to_something() {
    fn check(document: &Value, value: &Value) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let target = document.pointer(reference.trim_start_matches('#'));
            assert!(target.is_some(), "{reference} leads nowhere");
        }
        let inside: Vec<&Value> = match value {
            Value::Object(members) => members.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => return,
        };
        inside.into_iter().for_each(|value| check(document, value));
    }
    let document = document();
    check(&document, &document);
}

#[test]
fn nothing_stands_inside_that_has_a_name() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if references::envelope(name).is_some() {
            let data = &schema["properties"]["data"];
            let data = data.get("items").unwrap_or(data);
            assert!(data.get("$ref").is_some(), "{name}: {data}");
        }
        for (member, value) in schema["properties"].as_object().into_iter().flatten() {
            assert!(
                value.get("properties").is_none(),
                "{name}.{member} has a schema without a name"
            );
            assert_ne!(value["type"], "null", "{name}.{member} is never more than null");
        }
    }
}

/// Readers of the document have no specification beside it.
#[test]
fn no_text_cites_a_spec() {
    each_object(&document(), &mut |object| {
        for text in ["summary", "description"]
            .iter()
            .filter_map(|name| object.get(*name)?.as_str())
        {
            let cites = text
                .split(|letter: char| !letter.is_alphanumeric())
                .any(|word| word == "spec");
            assert!(!cites, "{text}");
        }
    });
}

#[test]
fn every_group_has_an_operation() {
    let mut document = document();
    let used: Vec<Value> = operations_mut(&mut document)
        .map(|(_, _, operation)| operation["tags"][0].clone())
        .collect();
    for (name, _, _) in TAGS {
        assert!(name == TAG || used.contains(&json!(name)), "{name}");
    }
}
