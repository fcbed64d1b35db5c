//! stack.json: the addresses, tokens and names of a running stack, for tests, scripts and people.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::deploy::Deployed;
use crate::failure::{Context, Result};
use crate::files;
use crate::names;
use crate::services::{self, EMULATOR};
use crate::token::{Person, Role, Signer};
use crate::workspace::Workspace;

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
    /// The address of each function URL, as this machine can call it.
    pub function_urls: BTreeMap<String, String>,
}

impl Stack {
    /// Reads the running stack of this folder, and makes new tokens for it.
    pub fn read(dir: &Path) -> Result<Self> {
        Ok(Self {
            base_url: member(dir, "baseUrl")?,
            simulators_url: member(dir, "sandboxUrl")?,
            tokens: tokens(dir)?,
            api_keys: texts(dir, "apiKeys")?,
            function_urls: texts(dir, "functionUrls")?,
        })
    }
}

/// The folder of a stack: the given one, or that of `cargo xtask up`.
pub fn folder(given: Option<PathBuf>) -> Result<PathBuf> {
    match given {
        Some(given) => Ok(given),
        None => Ok(Workspace::load()?.local_stack()),
    }
}

/// Fails with what to do if no stack runs in this folder.
pub fn must_run(dir: &Path) -> Result<()> {
    let running = services::running(dir, EMULATOR);
    running.map(drop).context("no stack is up: `cargo xtask up` starts one")
}

/// The texts of an object in stack.json, by their names.
fn texts(dir: &Path, member: &str) -> Result<BTreeMap<String, String>> {
    let document = document(dir)?;
    let members = document.get(member).and_then(Value::as_object);
    let members = members.into_iter().flatten();
    Ok(members
        .filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned())))
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

/// The binary of each function of the running stack, by its deployed name.
pub fn functions(dir: &Path) -> Result<BTreeMap<String, String>> {
    let functions = texts(dir, "functions")?.into_iter();
    Ok(functions.map(|(binary, deployed)| (deployed, binary)).collect())
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
        function_urls: function_urls(&addresses.emulator, &deployed.outputs)?,
    };
    let expiry = Timestamp::now().checked_add(SignedDuration::from_hours(TOKEN_HOURS.into()));
    let expiry = expiry.context("the end of the tokens")?;
    let outputs = |prefix: &str| outputs_with_prefix(&deployed.outputs, prefix);
    let document = json!({
        "baseUrl": stack.base_url,
        "sandboxUrl": stack.simulators_url,
        "emulatorUrl": addresses.emulator,
        "region": addresses.region,
        "documentScanner": if addresses.scanner.is_some() { "clamd" } else { "none" },
        "tokens": stack.tokens,
        "tokensExpireAt": format!("{expiry:.0}"),
        "functionUrls": stack.function_urls,
        "tables": outputs("Table"),
        "queues": outputs("Queue"),
        "apiKeys": stack.api_keys,
        "functions": deployed.functions,
    });
    files::write_private(&dir.join("stack.json"), &document)?;
    Ok(stack)
}

/// Writes the sample events with a token or an API key that this stack accepts, for `cargo xtask invoke`.
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

/// The emulator serves function URLs below its own address, because `{id}.lambda-url...` does not resolve.
fn function_urls(emulator: &str, outputs: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let urls = outputs_with_prefix(outputs, "FunctionUrl").into_iter();
    urls.map(|(name, url)| {
        let id = url
            .as_str()
            .and_then(|url| url.strip_prefix("https://")?.split('.').next());
        let id = id.context(format!("{url} is not a function URL"))?;
        Ok((name, format!("{emulator}/_aws/lambda-url/{id}")))
    })
    .collect()
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

    #[test]
    fn a_function_url_is_an_address_that_resolves() {
        let of = |url: &str| {
            let outputs = [("FunctionUrlMmobOrderWebhook".to_owned(), url.to_owned())].into();
            function_urls("http://127.0.0.1:4666", &outputs)
        };
        let urls = of("https://2b5c.lambda-url.eu-west-2.on.aws/").unwrap();
        assert_eq!(
            urls,
            [(
                "mmobOrderWebhook".to_owned(),
                "http://127.0.0.1:4666/_aws/lambda-url/2b5c".to_owned()
            )]
            .into()
        );
        assert!(of("2b5c").is_err());
    }

    #[test]
    fn a_folder_without_a_stack_says_how_to_start_one() {
        let failure = must_run(Path::new("no-such-folder")).unwrap_err().to_string();
        assert!(failure.contains("cargo xtask up"), "{failure}");
    }
}
