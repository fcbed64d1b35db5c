//! What AWS refuses of a template, or takes and does wrong, although `sam validate` and cfn-lint let it pass.

use serde_json::{Value, json};

use crate::failure::Result;
use crate::translated;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// What holds data or credentials.
const RETAINED: [&str; 4] = [
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
];

pub fn check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let templates = translated::all(workspace, venv)?;
    let findings: Vec<String> = templates
        .iter()
        .flat_map(|(file, resources)| found(file, resources))
        .collect();
    if findings.is_empty() {
        return Ok(());
    }
    Err(findings.join("\n").into())
}

fn found(file: &str, resources: &Value) -> Vec<String> {
    let resources = resources.as_object().into_iter().flatten();
    let findings = resources.flat_map(|(id, resource)| {
        let problems = [queue_policy(resource), retained(resource)];
        problems
            .into_iter()
            .flatten()
            .map(move |problem| format!("{file}: {id}: {problem}"))
    });
    findings.collect()
}

/// SQS takes a policy for one queue, and a statement for one resource.
fn queue_policy(resource: &Value) -> Vec<String> {
    if kind(resource) != "AWS::SQS::QueuePolicy" {
        return Vec::new();
    }
    let queues = items(resource.pointer("/Properties/Queues"));
    let statements = items(resource.pointer("/Properties/PolicyDocument/Statement"));
    let mut problems = Vec::new();
    if queues.len() != 1 {
        problems.push(format!("the policy is for {} queues", queues.len()));
    }
    let own = queues.first().and_then(|queue| queue.get("Ref"));
    let own = json!({ "Fn::GetAtt": [own, "Arn"] });
    for statement in statements {
        if items(statement.get("Resource")) != [&own] {
            problems.push("a statement names something other than the policy's one queue".to_owned());
        }
    }
    problems
}

/// A resource that outlives its stack must not outlive a creation that failed: its name would then be taken for good. And
/// what it holds must neither go with one call nor stay after it was deleted.
fn retained(resource: &Value) -> Vec<String> {
    let text = |pointer: &str| resource.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = kind(resource);
    if !RETAINED.contains(&kind) && !text("/DeletionPolicy").starts_with("Retain") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            problems.push(what.to_owned());
        }
    };
    demand(
        text("/DeletionPolicy") == "RetainExceptOnCreate",
        "its DeletionPolicy is not RetainExceptOnCreate",
    );
    demand(
        text("/UpdateReplacePolicy") == "Retain",
        "its UpdateReplacePolicy is not Retain",
    );
    if kind == "AWS::DynamoDB::Table" {
        let protection = resource.pointer("/Properties/DeletionProtectionEnabled");
        let on_aws = json!({ "Fn::If": ["OnAws", true, false] });
        demand(
            protection == Some(&on_aws),
            "the table has no DeletionProtectionEnabled on AWS",
        );
    }
    if kind == "AWS::S3::Bucket" {
        demand(
            text("/Properties/VersioningConfiguration/Status") == "Enabled",
            "the bucket has no versions",
        );
        let rules = items(resource.pointer("/Properties/LifecycleConfiguration/Rules"));
        demand(
            rules.into_iter().any(ends_versions),
            "the bucket keeps old versions for longer than a day",
        );
    }
    problems
}

/// Whether a lifecycle rule removes every version a day after it was replaced or deleted.
fn ends_versions(rule: &Value) -> bool {
    let days = rule.pointer("/NoncurrentVersionExpiration/NoncurrentDays");
    let is_narrowed = ["Prefix", "TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan"]
        .iter()
        .any(|narrowing| rule.get(narrowing).is_some());
    rule.get("Status") == Some(&json!("Enabled")) && days == Some(&json!(1)) && !is_narrowed
}

fn kind(resource: &Value) -> &str {
    resource.get("Type").and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list, or the one value.
fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
