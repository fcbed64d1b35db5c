//! What the roles of the functions may do, in the template that CloudFormation gets: SAM adds rights that template.yaml does
//! not show.

mod deployment;
mod scanner;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use sam_template::{FUNCTION, Template};
use serde_json::{Value, json};

use crate::failure::Result;
use crate::translated;
use crate::venv::Venv;
use crate::workspace::Workspace;

use deployment::{BUCKET_KEY, Deployment, Reached};

/// The only managed policy. SAM gives it to every role of its own: it writes log lines, and reads none.
const LOGGING: &str = "policy/service-role/AWSLambdaBasicExecutionRole";
/// What Lambda does with the queue of a worker, in the worker's name.
const POLLING: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
const READING: [&str; 5] = [
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:ConditionCheckItem",
];
/// What S3 does with the key of a bucket, in the name of a function that does this with an object.
const KEY_USES: [(&str, &str); 2] = [("s3:PutObject", "kms:GenerateDataKey"), ("s3:GetObject", "kms:Decrypt")];
/// A table that only these functions may write.
const OWNERS: [(&str, &str); 1] = [("Channels", "BqsManagement")];
/// What only the functions that erase may do.
const ERASING: [&str; 4] = [
    "dynamodb:Scan",
    "dynamodb:DeleteItem",
    "s3:DeleteObjectVersion",
    "s3:ListBucketVersions",
];
/// Secrets with this part in their names, in lower case, are for stages that set this parameter.
const ENVIRONMENTS: [(&str, &str); 2] = [("LIVE", "AllowLive"), ("SANDBOX", "AllowSandbox")];

/// What a statement allows.
struct Allowed {
    actions: Vec<String>,
    reached: Vec<Reached>,
    /// Null where it always allows it.
    condition: Value,
}

pub fn check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let main = Template::read(&workspace.root.join("template.yaml"))?;
    let mut nested = BTreeMap::new();
    for (id, file) in main.nested() {
        nested.insert(id.to_owned(), Template::read(&workspace.root.join(file))?.document);
    }
    let is_webhook = |function: &Value| {
        let events = members(function.pointer("/Properties/Events"));
        let mut paths = events.filter_map(|(_, event)| event.pointer("/Properties/Path")?.as_str());
        paths.any(|path| path.starts_with("/webhooks/")) || function.pointer("/Properties/FunctionUrlConfig").is_some()
    };
    let webhooks = main.resources(FUNCTION).filter(|(_, function)| is_webhook(function));
    let deployment = Deployment {
        webhooks: webhooks.map(|(id, _)| id.to_owned()).collect(),
        resources: translated::resources(&main, workspace, venv)?,
        nested,
    };
    let problems = deployment.problems();
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.join("\n").into())
}

impl Deployment {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (id, resource) in members(Some(&self.resources)) {
            match kind(resource) {
                "AWS::IAM::Role" => {
                    let of_role = self.role(id, resource).into_iter();
                    problems.extend(of_role.map(|problem| format!("{id}: {problem}")));
                }
                other if other.starts_with("AWS::IAM::") => {
                    problems.push(format!("{id}: only the policies of functions may grant rights"));
                }
                _ => {}
            }
        }
        for (stack, document) in &self.nested {
            let resources = members(document.get("Resources"));
            for (id, _) in resources.filter(|(_, resource)| kind(resource).starts_with("AWS::IAM::")) {
                let of_role = scanner::problems(id, document).into_iter();
                problems.extend(of_role.map(|problem| format!("{id} of {stack}: {problem}")));
            }
        }
        for (table, _) in OWNERS {
            if !self.nested.values().any(|document| {
                document
                    .pointer("/Resources")
                    .is_some_and(|all| all.get(table).is_some())
            }) {
                problems.push(format!("no nested stack has the table {table}"));
            }
        }
        problems
    }

    fn role(&self, id: &str, role: &Value) -> Vec<String> {
        let arn = json!({ "Fn::GetAtt": [id, "Arn"] });
        let functions = self.of_kind("AWS::Lambda::Function");
        let functions = functions.filter(|(_, function)| function.pointer("/Properties/Role") == Some(&arn));
        let [(function, _)] = functions.collect::<Vec<_>>()[..] else {
            return vec!["it is not the role of one function".to_owned()];
        };
        let mut problems = Vec::new();
        for managed in items(role.pointer("/Properties/ManagedPolicyArns")) {
            if !managed.as_str().is_some_and(|arn| arn.ends_with(LOGGING)) {
                problems.push(format!("{managed} is a managed policy, which names no resource"));
            }
        }
        let mut allowed = Vec::new();
        for policy in items(role.pointer("/Properties/Policies")) {
            for statement in items(policy.pointer("/PolicyDocument/Statement")) {
                match self.allowed(statement) {
                    Ok(one) => allowed.push(one),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        problems.extend(self.queues(function, &allowed));
        problems.extend(self.encryption_keys(&allowed));
        for one in &allowed {
            problems.extend(self.secrets(function, one));
            problems.extend(tables(function, one));
            problems.extend(erasing(function, one));
        }
        problems
    }

    /// Every resource is one that the stacks define, or a part of it.
    fn allowed(&self, statement: &Value) -> std::result::Result<Allowed, String> {
        let known = ["Action", "Condition", "Effect", "Resource"];
        let unknown = members(Some(statement)).find(|(name, _)| !known.contains(&name.as_str()));
        if unknown.is_some() || statement.get("Effect") != Some(&json!("Allow")) {
            return Err(format!("{statement} does more than allow actions"));
        }
        let actions = items(statement.get("Action")).into_iter();
        let actions = actions.map(|action| action.as_str().unwrap_or("*").to_owned());
        let actions: Vec<String> = actions.collect();
        if actions.is_empty() || actions.iter().any(|action| action.contains('*')) {
            return Err(format!("{statement} does not name its actions"));
        }
        let mut reached = Vec::new();
        for resource in items(statement.get("Resource")) {
            reached.extend(self.reached(resource, None)?);
        }
        if reached.is_empty() {
            return Err(format!("{statement} reaches nothing"));
        }
        Ok(Allowed {
            actions,
            reached,
            condition: statement.get("Condition").cloned().unwrap_or_default(),
        })
    }

    /// A statement is about one queue, and a function receives from the queue of its mapping alone.
    fn queues(&self, function: &str, allowed: &[Allowed]) -> Vec<String> {
        let mut problems = Vec::new();
        let named = json!({ "Ref": function });
        let mappings = self.of_kind("AWS::Lambda::EventSourceMapping");
        let mappings = mappings.filter(|(_, mapping)| mapping.pointer("/Properties/FunctionName") == Some(&named));
        let mut polled = Vec::new();
        for (id, mapping) in mappings {
            let source = mapping.pointer("/Properties/EventSourceArn").unwrap_or(&Value::Null);
            match self.reached(source, None) {
                Ok(queue) => polled.extend(queue),
                Err(problem) => problems.push(format!("{id}: {problem}")),
            }
        }
        let mut missing: BTreeSet<(&str, &str)> = polled
            .iter()
            .flat_map(|queue| POLLING.map(|action| (queue.id.as_str(), action)))
            .collect();
        for one in allowed {
            for action in one.actions.iter().filter(|action| action.starts_with("sqs:")) {
                let [queue] = &one.reached[..] else {
                    problems.push(format!(
                        "a statement with {action} is about {} queues",
                        one.reached.len()
                    ));
                    continue;
                };
                missing.remove(&(queue.id.as_str(), action.as_str()));
                if action != "sqs:SendMessage" && !polled.contains(queue) {
                    problems.push(format!("{action} on {}, which is not the function's queue", queue.id));
                }
            }
        }
        let missing = missing.into_iter();
        problems
            .extend(missing.map(|(queue, action)| format!("Lambda needs {action} on {queue}, the function's queue")));
        problems
    }

    /// S3 uses the key of a bucket in the function's name, for what the function does with the bucket's objects. A function
    /// uses no key by itself.
    fn encryption_keys(&self, allowed: &[Allowed]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut missing = BTreeSet::new();
        for (one, bucket) in allowed
            .iter()
            .flat_map(|one| one.reached.iter().map(move |bucket| (one, bucket)))
        {
            let uses = KEY_USES
                .iter()
                .filter(|(action, _)| one.actions.iter().any(|each| each == action));
            for (action, key_use) in uses {
                match self.key_of(bucket) {
                    Some(key) => drop(missing.insert((key.id, *key_use))),
                    None => problems.push(format!("{action} on {}, which has no key of the stacks", bucket.id)),
                }
            }
        }
        let via_s3 = json!({ "StringEquals": { "kms:ViaService": { "Fn::Sub": "s3.${AWS::Region}.amazonaws.com" } } });
        for one in allowed {
            for action in one.actions.iter().filter(|action| action.starts_with("kms:")) {
                if one.condition != via_s3 {
                    problems.push(format!("{action} is not allowed through S3 alone"));
                }
                let unused = |key: &&Reached| !missing.remove(&(key.id.clone(), action.as_str()));
                let unused: Vec<_> = one.reached.iter().filter(unused).collect();
                problems.extend(unused.iter().map(|key| format!("{action} on {} has no use", key.id)));
            }
        }
        problems.extend(
            missing
                .iter()
                .map(|(key, action)| format!("S3 needs {action} on {key}, the bucket's key")),
        );
        problems
    }

    /// The key that a bucket's stack gets as a parameter.
    fn key_of(&self, bucket: &Reached) -> Option<Reached> {
        let parameter = self.resource(bucket)?.pointer(BUCKET_KEY)?.as_str()?;
        let stack = self.resources.get(&bucket.stack)?;
        let given = stack.pointer("/Properties/Parameters")?.get(parameter)?;
        self.reached(given, None).ok()?.pop()
    }

    /// A webhook reads secrets that verify callers and no others, and no other function reads those. The secrets of an
    /// environment are reached only where the stage opens it.
    fn secrets(&self, function: &str, allowed: &Allowed) -> Vec<String> {
        let mut problems = Vec::new();
        for secret in &allowed.reached {
            let Some(resource) = self
                .resource(secret)
                .filter(|found| kind(found) == "AWS::SecretsManager::Secret")
            else {
                continue;
            };
            let name = resource
                .pointer("/Properties/Name/Fn::Sub")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if name.ends_with("/webhook") != self.webhooks.contains(function) {
                problems.push(format!("it reads {name} and does not need it"));
            }
            for (part, parameter) in ENVIRONMENTS {
                let open = json!({ "Fn::Equals": [{ "Ref": parameter }, "true"] });
                if name.split('/').any(|each| each == part.to_lowercase())
                    && !self.holds_where(secret, parameter, &open)
                {
                    problems.push(format!("it reads {name} where {parameter} is not true"));
                }
            }
        }
        problems
    }

    /// Whether a resource is named only under this condition on a parameter of template.yaml.
    fn holds_where(&self, reached: &Reached, parameter: &str, condition: &Value) -> bool {
        let given = self.resources.get(&reached.stack);
        let given = given.and_then(|stack| stack.pointer("/Properties/Parameters")?.get(parameter));
        given == Some(&json!({ "Ref": parameter })) && reached.conditions.contains(condition)
    }

    fn of_kind(&self, kind_of: &str) -> impl Iterator<Item = (&String, &Value)> {
        members(Some(&self.resources)).filter(move |(_, resource)| kind(resource) == kind_of)
    }
}

/// Only its owners write a table that decides who may do what.
fn tables(function: &str, allowed: &Allowed) -> Vec<String> {
    let mut writes = allowed
        .actions
        .iter()
        .filter(|action| action.starts_with("dynamodb:") && !READING.contains(&action.as_str()));
    let Some(write) = writes.next() else { return Vec::new() };
    let owned = allowed.reached.iter().filter(|reached| {
        let mut owners = OWNERS.iter().filter(|(table, _)| *table == reached.id);
        owners.any(|(_, owner)| !function.starts_with(owner))
    });
    owned
        .map(|table| format!("{write} on {}, which is another function's to write", table.id))
        .collect()
}

/// Only the functions that erase read whole tables, and delete rows and versions of files.
fn erasing(function: &str, allowed: &Allowed) -> Vec<String> {
    if function.ends_with("Erase") {
        return Vec::new();
    }
    let actions = allowed.actions.iter();
    let erasing = actions.filter(|action| ERASING.contains(&action.as_str()));
    erasing
        .map(|action| format!("{action}, which is for the functions that erase"))
        .collect()
}

fn kind(resource: &Value) -> &str {
    resource.get("Type").and_then(Value::as_str).unwrap_or_default()
}

/// The members of an object, or none.
fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// The items of a list, or the one value.
fn items(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}
