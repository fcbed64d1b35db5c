//! What AWS refuses of a template, or takes and does wrong, although `sam validate` and cfn-lint let it pass.

use serde_json::{Value, json};

use crate::failure::Result;
use crate::translated;
use crate::venv::Venv;
use crate::workspace::Workspace;

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
        let problems = queue_policy(resource);
        problems
            .into_iter()
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
            problems.push("a statement names something else than the policy's one queue".to_owned());
        }
    }
    problems
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
