//! `erase`: requests the erasure of what the hub has stored about a person or a case, shows how far one is, or reopens all of
//! them after a restore. It writes the rows that `POST /api/integration/erasures` writes, with the operator's own credentials.

mod request;

use std::io::Read;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::failure::{Context, Result};
use crate::progress::print;
use crate::session::Session;
use crate::settings;
use request::{DOMAINS, Digest, REGISTER, Request, Subject, open_key};

#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["email", "case", "customer", "status", "replay"])))]
pub struct Options {
    /// Erase the hub's data about this address; `-` reads it from the standard input, so that no other user sees it
    #[arg(long)]
    email: Option<String>,
    /// Erase this case of the hub
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    case: Option<u64>,
    /// Erase the orders of this user of MMOB; `-` reads the id from the standard input
    #[arg(long)]
    customer: Option<String>,
    /// Show the progress of the erasure with this id
    #[arg(long)]
    status: Option<String>,
    /// Reopen every erasure: a restore brings erased rows back
    #[arg(long)]
    replay: bool,
    /// Reopen the erasures of this domain only
    #[arg(long, requires = "replay", value_parser = DOMAINS)]
    domain: Option<String>,
    /// The environment of samconfig.toml; all except `local` are on AWS and use your own credentials
    #[arg(long, default_value = settings::LOCAL)]
    stage: String,
    /// The folder of the local stack; default `target/local`
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn erase(options: &Options) -> Result<()> {
    let session = Session::open(&options.stage, options.stack_dir.as_deref())?;
    let (aws, table) = (&session.aws, session.output("TableErasures")?);
    if let Some(id) = &options.status {
        return status(aws, table, id);
    }
    if options.replay {
        return replay(aws, table, options.domain.as_deref());
    }
    let digest = || Digest::new(&redaction_key(aws, &options.stage)?);
    let subject = match (&options.email, options.case, &options.customer) {
        (Some(email), ..) => digest()?.email(&given(email)?)?,
        (_, Some(number), _) => Subject::Case(number),
        (.., Some(user)) => digest()?.customer(&given(user)?)?,
        _ => return Err("give --email, --case or --customer".into()),
    };
    let request = Request::new(subject, &session.operator()?, Timestamp::now())?;
    aws.call_with_input("dynamodb transact-write-items", &request.writes(table))?;
    print(format!(
        "{} is requested; `cargo xtask erase --status {}` shows its progress",
        request.id, request.id
    ));
    Ok(())
}

/// An option's value, or what stands in the standard input.
fn given(value: &str) -> Result<String> {
    if value != "-" {
        return Ok(value.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .context("the standard input")?;
    Ok(text)
}

/// The key with which the functions make digests.
fn redaction_key(aws: &Aws, stage: &str) -> Result<String> {
    let id = format!("trunkline/{stage}/redaction-key");
    let secret = aws.call("secretsmanager get-secret-value", &[("secret-id", &id)])?;
    let key = secret.get("SecretString").and_then(Value::as_str);
    Ok(key.context(format!("{id} has no text"))?.to_owned())
}

fn status(aws: &Aws, table: &str, id: &str) -> Result<()> {
    let key = json!({"pk": {"S": REGISTER}, "sk": {"S": id}});
    let found = aws.call_with_input("dynamodb get-item", &json!({"TableName": table, "Key": key}))?;
    let row = found.get("Item").context("there is no such erasure")?;
    for line in lines(row) {
        print(line);
    }
    Ok(())
}

/// A line for each domain.
fn lines(row: &Value) -> Vec<String> {
    let domains = row.pointer("/domains/M").and_then(Value::as_object);
    let of_domain = |(name, state): (&String, &Value)| {
        let of = |member: &str, kind: &str| {
            let value = state.pointer(&format!("/M/{member}/{kind}"));
            value.and_then(Value::as_str).unwrap_or("-").to_owned()
        };
        format!(
            "{name}: {}, {} rows, {} files, {} log rows, {} responses, first pass {}, done {}",
            of("state", "S"),
            of("rows", "N"),
            of("files", "N"),
            of("logRows", "N"),
            of("responses", "N"),
            of("firstPassAt", "S"),
            of("doneAt", "S")
        )
    };
    domains.into_iter().flatten().map(of_domain).collect()
}

/// Reopens every erasure of a domain, or of all.
pub fn replay(aws: &Aws, table: &str, domain: Option<&str>) -> Result<()> {
    let query = json!({
        "TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": REGISTER}},
        "ConsistentRead": true,
    });
    // The command line reads all pages.
    let found = aws.call_with_input("dynamodb query", &query)?;
    let rows = found.get("Items").and_then(Value::as_array);
    let mut reopened = 0;
    for row in rows.context("DynamoDB returned no rows")? {
        for writes in reopenings(table, row, domain) {
            aws.call_with_input("dynamodb transact-write-items", &writes)?;
            reopened += 1;
        }
    }
    print(format!("{reopened} reopened"));
    Ok(())
}

/// The writes that reopen an erasure, one transaction for each of its domains.
fn reopenings(table: &str, row: &Value, domain: Option<&str>) -> Vec<Value> {
    let id = row.pointer("/sk/S").and_then(Value::as_str).unwrap_or_default();
    let domains = row.pointer("/domains/M").and_then(Value::as_object);
    let names = domains.into_iter().flatten().map(|(name, _)| name);
    let wanted = names.filter(|name| domain.is_none_or(|domain| domain == name.as_str()));
    wanted
        .map(|name| {
            json!({"TransactItems": [
                {"Update": {
                    "TableName": table, "Key": {"pk": {"S": REGISTER}, "sk": {"S": id}},
                    "UpdateExpression": "SET domains.#domain.#state = :open, domains.#domain.#round = domains.#domain.#round + :one, \
                        #revision = #revision + :one REMOVE domains.#domain.firstPassAt, domains.#domain.doneAt",
                    "ExpressionAttributeNames": {
                        "#domain": name, "#state": "state", "#round": "round", "#revision": "revision",
                    },
                    "ExpressionAttributeValues": {":open": {"S": "OPEN"}, ":one": {"N": "1"}},
                }},
                {"Put": {"TableName": table, "Item": open_key(name, id)}},
            ]})
        })
        .collect()
}

#[cfg(test)]
mod tests;
