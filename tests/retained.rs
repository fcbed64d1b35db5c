//! The tables, buckets, encryption keys and generated secrets that stay when a stack is deleted. `retained.txt` lists them.
//!
//! One with another logical id, another stack or other keys is a new and empty one: CloudFormation leaves the data behind in
//! the old one. So a line of the list changes only together with steps that move the data, in `docs/deploying.md`. A generated
//! secret with another name is another key, which opens nothing that the old one sealed. An operator fills the other secrets, and
//! notices an empty one.

use std::fmt::Write;
use std::fs;

use serde_json::Value;

use crate::template::{items, members, root, stack, string, template};

/// The line of a resource: its nested stack, its logical id, its type, its name if that is fixed, and its keys.
fn line(nested: &str, id: &str, resource: &Value) -> String {
    let properties = &resource["Properties"];
    let mut line = format!("{nested} {id} {}", string(&resource["Type"]));
    for fixed in ["TableName", "BucketName"] {
        assert!(properties[fixed].is_null(), "{id}: a stage could not be made again");
    }
    if let Some(name) = properties["Name"]["Fn::Sub"].as_str() {
        let _ = write!(line, " {name}");
    }
    let _ = write!(line, "{}", keys(properties, properties));
    for index in items(&properties["GlobalSecondaryIndexes"]).chain(items(&properties["LocalSecondaryIndexes"])) {
        let _ = write!(line, "; {}{}", string(&index["IndexName"]), keys(index, properties));
    }
    line
}

/// The names, kinds and types of the keys of a table or an index.
fn keys(of: &Value, table: &Value) -> String {
    let types = |name: &Value| {
        let mut attributes = items(&table["AttributeDefinitions"]);
        let found = attributes.find(|attribute| &attribute["AttributeName"] == name);
        string(&found.unwrap()["AttributeType"])
    };
    let key = |key: &Value| {
        let name = &key["AttributeName"];
        format!(" {}:{}:{}", string(name), string(&key["KeyType"]), types(name))
    };
    items(&of["KeySchema"]).map(key).collect()
}

fn retained() -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |nested: &str, resources: &Value| {
        for (id, resource) in members(resources) {
            let policies = [&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]];
            let stays = |policy: &&Value| policy.as_str().is_some_and(|policy| policy.starts_with("Retain"));
            let is_secret = resource["Type"] == "AWS::SecretsManager::Secret";
            let is_filled_in = is_secret && resource["Properties"]["GenerateSecretString"].is_null();
            if policies.iter().any(stays) && !is_filled_in {
                assert!(policies.iter().all(stays), "{nested} {id} stays in one case only");
                lines.push(line(nested, id, resource));
            }
        }
    };
    add("-", template().section("Resources"));
    for (id, path) in template().nested() {
        add(
            id,
            stack(path.strip_prefix("infra/stacks/").unwrap()).section("Resources"),
        );
    }
    lines.sort();
    lines
}

#[test]
fn what_stays_is_what_the_list_says() {
    let written = fs::read_to_string(root().join("tests/retained.txt")).unwrap();
    let found = retained().join("\n") + "\n";
    assert_eq!(written, found, "a renamed table, bucket or key starts empty");
}

#[test]
fn every_table_bucket_and_encryption_key_stays() {
    let lines = retained();
    let mut found = 0;
    for (nested, path) in template().nested() {
        let stack = stack(path.strip_prefix("infra/stacks/").unwrap());
        for kind in ["AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket"] {
            for (id, _) in stack.resources(kind) {
                let start = format!("{nested} {id} {kind}");
                assert!(lines.iter().any(|line| line.starts_with(&start)), "{start}");
                found += 1;
            }
        }
    }
    let generated = lines.iter().filter(|line| line.contains("AWS::SecretsManager::Secret"));
    assert_eq!(found + generated.count(), lines.len());
}
