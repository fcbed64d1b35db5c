//! stack.json: the addresses, tokens and names of a running stack, for tests, scripts and people.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::deploy::Deployed;
use crate::failure::{Context, Result};
use crate::files;
use crate::names;
use crate::token::{Person, Role, Signer};

/// Lifetime of the tokens in stack.json.
pub const TOKEN_HOURS: u32 = 12;

pub struct Addresses {
    pub emulator: String,
    pub simulators: String,
    pub region: String,
    /// clamd's.
    pub scanner: Option<String>,
}

pub struct Stack {
    pub base_url: String,
    pub simulators_url: String,
    /// One token for each role.
    pub tokens: BTreeMap<&'static str, String>,
    /// One key for each channel.
    pub api_keys: BTreeMap<String, String>,
}

impl Stack {
    /// Reads the running stack of this folder, and makes new tokens for it.
    pub fn read(dir: &Path) -> Result<Self> {
        Ok(Self {
            base_url: member(dir, "baseUrl")?,
            simulators_url: member(dir, "sandboxUrl")?,
            tokens: tokens(dir)?,
            api_keys: api_keys(dir)?,
        })
    }
}

fn api_keys(dir: &Path) -> Result<BTreeMap<String, String>> {
    let document = document(dir)?;
    let keys = document.get("apiKeys").and_then(Value::as_object);
    let keys = keys.into_iter().flatten();
    Ok(keys
        .filter_map(|(channel, key)| Some((channel.clone(), key.as_str()?.to_owned())))
        .collect())
}

fn document(dir: &Path) -> Result<Value> {
    let file = dir.join("stack.json");
    files::read_json(&file).context(format!("{}: no stack is up", file.display()))
}

/// A text member of the running stack's stack.json.
pub fn member(dir: &Path, name: &str) -> Result<String> {
    let found = document(dir)?.get(name).and_then(Value::as_str).map(str::to_owned);
    found.context(format!("stack.json has no {name}"))
}

/// The deployed name of a table, by its key in stack.json.
pub fn table(dir: &Path, name: &str) -> Result<String> {
    let document = document(dir)?;
    let found = document
        .get("tables")
        .and_then(|all| all.get(name))
        .and_then(Value::as_str);
    found
        .map(str::to_owned)
        .context(format!("stack.json has no table {name}"))
}

/// The deployed name of a function of the running stack.
pub fn function(dir: &Path, binary: &str) -> Result<String> {
    let functions = document(dir)?;
    let found = functions.get("functions").and_then(|all| all.get(binary));
    let found = found.and_then(Value::as_str).map(str::to_owned);
    found.context(format!("stack.json has no function {binary}"))
}

pub fn write(
    dir: &Path,
    addresses: &Addresses,
    deployed: &Deployed,
    api_keys: BTreeMap<String, String>,
) -> Result<Stack> {
    let stack = Stack {
        base_url: base_url(&addresses.emulator, deployed)?,
        simulators_url: addresses.simulators.clone(),
        tokens: tokens(dir)?,
        api_keys,
    };
    let outputs = |prefix: &str| outputs_with_prefix(&deployed.outputs, prefix);
    let document = json!({
        "baseUrl": stack.base_url,
        "sandboxUrl": stack.simulators_url,
        "emulatorUrl": addresses.emulator,
        "region": addresses.region,
        "documentScanner": if addresses.scanner.is_some() { "clamd" } else { "none" },
        "tokens": stack.tokens,
        "functionUrls": outputs("FunctionUrl"),
        "tables": outputs("Table"),
        "queues": outputs("Queue"),
        "apiKeys": stack.api_keys,
        "functions": deployed.functions,
    });
    files::write_private(&dir.join("stack.json"), &document)?;
    Ok(stack)
}

/// Writes the sample events with a token or an API key that this stack accepts, for `sam local invoke`.
pub fn write_events(root: &Path, dir: &Path, stack: &Stack) -> Result<()> {
    let token = stack.tokens.get("customer").map(String::as_str).unwrap_or_default();
    files::make_dir(&dir.join("events"))?;
    for entry in fs::read_dir(root.join("events")).context("events")?.flatten() {
        let name = entry.file_name();
        if let Some(mut event) = files::read_json(&entry.path()) {
            if let Some(authorization) = event.pointer_mut("/headers/authorization") {
                *authorization = format!("Bearer {token}").into();
            }
            if let Some(api_key) = event.pointer_mut("/headers/x-api-key") {
                let channel = api_key
                    .as_str()
                    .and_then(|key| key.strip_suffix(".<key>"))
                    .unwrap_or_default();
                *api_key = stack.api_keys.get(channel).cloned().into();
            }
            files::write_private(&dir.join("events").join(name), &event)?;
        }
    }
    Ok(())
}

/// The emulator serves APIs below its own address, because `{id}.execute-api...` does not resolve.
pub fn base_url(emulator: &str, deployed: &Deployed) -> Result<String> {
    let api = deployed
        .outputs
        .get("ApiId")
        .context("template.yaml has no output ApiId")?;
    Ok(format!("{emulator}/_aws/execute-api/{api}/$default"))
}

/// The outputs whose names begin with `prefix`, named by the rest of the name.
pub fn outputs_with_prefix(outputs: &BTreeMap<String, String>, prefix: &str) -> Map<String, Value> {
    let named = outputs
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
    named
        .map(|(name, value)| (names::member(name), value.as_str().into()))
        .collect()
}

fn tokens(dir: &Path) -> Result<BTreeMap<&'static str, String>> {
    let signer = Signer::of_stack(dir)?;
    let people = [
        (
            "customer",
            Role::Customer,
            "john.doe@example.com",
            "11111111-1111-4111-8111-111111111111",
        ),
        (
            "agent",
            Role::Agent,
            "agent@example.com",
            "44444444-4444-4444-8444-444444444444",
        ),
        (
            "staff",
            Role::Staff,
            "staff@example.com",
            "22222222-2222-4222-8222-222222222222",
        ),
        (
            "admin",
            Role::Admin,
            "admin@example.com",
            "33333333-3333-4333-8333-333333333333",
        ),
    ];
    people
        .into_iter()
        .map(|(name, role, email, sub)| Ok((name, signer.token(&Person::new(&[role], email, sub), TOKEN_HOURS)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_selected_by_prefix() {
        let outputs = [
            ("TableFunders", "q"),
            ("QueueQuoteRetryDlq", "http://dlq"),
            ("ApiId", "7a"),
        ];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(
            Value::Object(outputs_with_prefix(&outputs, "Table")),
            json!({"funders": "q"})
        );
        assert_eq!(
            Value::Object(outputs_with_prefix(&outputs, "Queue")),
            json!({"quoteRetryDlq": "http://dlq"})
        );
        assert_eq!(Value::Object(outputs_with_prefix(&outputs, "FunctionUrl")), json!({}));
    }
}
