//! stack.json: where a running stack is and how to talk to it, for tests, scripts and people.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::deploy::Deployed;
use crate::failure::{Context, Result};
use crate::files;
use crate::names;
use crate::token::{Person, Role, Signer};

/// How long the tokens in stack.json last.
pub const TOKEN_HOURS: u32 = 12;

/// What a stack is reached by.
pub struct Addresses {
    pub emulator: String,
    pub sandbox: String,
    pub region: String,
}

pub struct Stack {
    pub base_url: String,
    pub sandbox_url: String,
    pub tokens: BTreeMap<&'static str, String>,
    /// By channel.
    pub api_keys: BTreeMap<String, String>,
}

impl Stack {
    /// One that is up, by its folder. Its tokens are new.
    pub fn of(dir: &Path) -> Result<Self> {
        Ok(Self {
            base_url: described(dir, "baseUrl")?,
            sandbox_url: described(dir, "sandboxUrl")?,
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

/// What stack.json says of one that is up.
pub fn described(dir: &Path, name: &str) -> Result<String> {
    let found = document(dir)?.get(name).and_then(Value::as_str).map(str::to_owned);
    found.context(format!("stack.json has no {name}"))
}

/// What a function, by its binary's name, is called on one that is up.
pub fn function(dir: &Path, binary: &str) -> Result<String> {
    let functions = document(dir)?;
    let found = functions.get("functions").and_then(|all| all.get(binary));
    let found = found.and_then(Value::as_str).map(str::to_owned);
    found.context(format!("stack.json has no function {binary}"))
}

/// Writes stack.json into the stack's folder.
pub fn write(
    dir: &Path,
    addresses: &Addresses,
    deployed: &Deployed,
    api_keys: BTreeMap<String, String>,
) -> Result<Stack> {
    let stack = Stack {
        base_url: base_url(&addresses.emulator, deployed)?,
        sandbox_url: addresses.sandbox.clone(),
        tokens: tokens(dir)?,
        api_keys,
    };
    let outputs = |prefix: &str| members(&deployed.outputs, prefix);
    let document = json!({
        "baseUrl": stack.base_url,
        "sandboxUrl": stack.sandbox_url,
        "emulatorUrl": addresses.emulator,
        "region": addresses.region,
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

/// The sample events with a token or an api key that this stack accepts, for `sam local invoke`.
pub fn write_events(root: &Path, dir: &Path, stack: &Stack) -> Result<()> {
    let token = stack.tokens.get("customer").map(String::as_str).unwrap_or_default();
    files::make_dir(&dir.join("events"))?;
    for entry in fs::read_dir(root.join("events")).context("events")?.flatten() {
        let name = entry.file_name();
        if let Some(mut event) = files::read_json(&entry.path()) {
            if let Some(authorization) = event.pointer_mut("/headers/authorization") {
                *authorization = format!("Bearer {token}").into();
            }
            if let Some(given) = event.pointer_mut("/headers/x-api-key") {
                let channel = given
                    .as_str()
                    .and_then(|key| key.strip_suffix(".<key>"))
                    .unwrap_or_default();
                *given = stack.api_keys.get(channel).cloned().into();
            }
            files::write_private(&dir.join("events").join(name), &event)?;
        }
    }
    Ok(())
}

/// The emulator serves APIs below its own address, since `{id}.execute-api...` resolves nowhere.
pub fn base_url(emulator: &str, deployed: &Deployed) -> Result<String> {
    let api = deployed
        .outputs
        .get("ApiId")
        .context("template.yaml has no output ApiId")?;
    Ok(format!("{emulator}/_aws/execute-api/{api}/$default"))
}

/// The outputs whose names begin with `prefix`, under what follows it.
pub fn members(outputs: &BTreeMap<String, String>, prefix: &str) -> Map<String, Value> {
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
        .map(|(name, role, email, sub)| Ok((name, signer.token(&Person::new(role, email, sub), TOKEN_HOURS)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_become_members_by_their_prefix() {
        let outputs = [
            ("TableFunders", "q"),
            ("QueueQuoteRetryDlq", "http://dlq"),
            ("ApiId", "7a"),
        ];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(Value::Object(members(&outputs, "Table")), json!({"funders": "q"}));
        assert_eq!(
            Value::Object(members(&outputs, "Queue")),
            json!({"quoteRetryDlq": "http://dlq"})
        );
        assert_eq!(Value::Object(members(&outputs, "FunctionUrl")), json!({}));
    }
}
