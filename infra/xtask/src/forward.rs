//! `forward`: lists the case changes that the forwarder holds, and sends an operator's decision about one of them. The
//! decision goes to the forwarder's queue, because the forwarder alone writes these rows and keeps the audit.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::failure::{Context, Result};
use crate::progress::print;
use crate::session::Session;
use crate::settings;

/// Rows in one read.
const BATCH: usize = 100;

#[derive(Subcommand)]
pub enum Forward {
    /// List the held changes with their reasons
    Held(StageOption),
    /// Send a held change, which upstream does not have; a document only if the scanner finds it clean now
    Send {
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        at: StageOption,
    },
    /// Drop a held change and continue with the next: upstream has it already, or must not get it
    Skip {
        #[command(flatten)]
        change: Change,
        /// Upstream's number of the case, if the dropped change creates a case that upstream has already
        #[arg(long)]
        upstream: Option<u64>,
        #[command(flatten)]
        at: StageOption,
    },
}

#[derive(Args)]
pub struct Change {
    /// The case's sequence
    #[arg(long)]
    case: u64,
    /// The change's number in the output of `held`; the forwarder ignores any other number
    #[arg(long)]
    change: u64,
}

#[derive(Args)]
pub struct StageOption {
    /// The environment of samconfig.toml; all except `local` are on AWS and use your own credentials
    #[arg(long, default_value = settings::LOCAL)]
    stage: String,
}

pub fn forward(task: &Forward) -> Result<()> {
    let (Forward::Held(at) | Forward::Send { at, .. } | Forward::Skip { at, .. }) = task;
    let session = Session::open(&at.stage, None)?;
    if let Forward::Held(_) = task {
        return list(&session.aws, session.output("TableCases")?);
    }
    let queue = session.output("QueueBqsForward")?;
    let Some(decision) = decision(task, &session.operator()?) else {
        return Ok(());
    };
    let message = json!({"QueueUrl": queue, "MessageBody": decision.to_string()});
    session.aws.call_with_input("sqs send-message", &message)?;
    print("The decision is in the forwarder's queue.");
    Ok(())
}

/// The message, as `functions/bqs/src/forward` reads it.
fn decision(task: &Forward, by: &str) -> Option<Value> {
    let (change, does, upstream) = match task {
        Forward::Held(_) => return None,
        Forward::Send { change, .. } => (change, "send", None),
        Forward::Skip { change, upstream, .. } => (change, "skip", *upstream),
    };
    let mut decision = json!({"n": change.change, "does": does, "by": by});
    if let (Some(upstream), Some(members)) = (upstream, decision.as_object_mut()) {
        members.insert("upstream".to_owned(), upstream.into());
    }
    Some(json!({"sequence": change.case, "decision": decision}))
}

/// The list of held changes in the index of the table, as `functions/bqs/src/forward` writes it. Only held ones are read.
fn query(table: &str) -> Value {
    json!({
        "TableName": table,
        "IndexName": "due",
        "KeyConditionExpression": "dueIn = :held",
        "ExpressionAttributeValues": {":held": {"S": "HELD"}},
    })
}

/// The next rows of these keys, which DynamoDB reads together.
fn get(table: &str, keys: &[Value]) -> Value {
    json!({"RequestItems": {table: {"Keys": keys, "ConsistentRead": true}}})
}

fn list(aws: &Aws, table: &str) -> Result<()> {
    // The command line reads all pages.
    let mut keys = keys(&aws.call_with_input("dynamodb query", &query(table))?);
    let mut rows = Vec::new();
    while !keys.is_empty() {
        let next: Vec<Value> = keys.drain(..keys.len().min(BATCH)).collect();
        let answer = aws.call_with_input("dynamodb batch-get-item", &get(table, &next))?;
        let of = |member: &str, path: &str| answer.get(member)?.get(table)?.pointer(path)?.as_array().cloned();
        rows.extend(of("Responses", "").context("DynamoDB returned no rows")?);
        keys.extend(of("UnprocessedKeys", "/Keys").unwrap_or_default());
    }
    let lines = lines(rows);
    lines.iter().for_each(print);
    print(format!("{} held", lines.len()));
    Ok(())
}

/// The keys of the rows that an answer of the index names.
fn keys(answer: &Value) -> Vec<Value> {
    let items = answer.get("Items").and_then(Value::as_array).into_iter().flatten();
    items
        .filter_map(|item| Some(json!({"pk": item.get("pk")?, "sk": item.get("sk")?})))
        .collect()
}

/// The held changes among these rows, the one that is held longest first. The index may still name a change that was decided a
/// moment ago.
fn lines(mut rows: Vec<Value>) -> Vec<String> {
    let since = |row: &Value| row.pointer("/held/M/at/S").and_then(Value::as_str).map(str::to_owned);
    rows.retain(|row| since(row).is_some());
    rows.sort_by_key(since);
    rows.iter().map(line).collect()
}

fn line(row: &Value) -> String {
    let of = |pointer: &str| row.pointer(pointer).and_then(Value::as_str).unwrap_or("?");
    format!(
        "--case {} --change {} {} since {}: {}",
        of("/sequence/N"),
        of("/held/M/n/N"),
        of("/held/M/why/S"),
        of("/held/M/at/S"),
        of("/held/M/reason/S")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> StageOption {
        StageOption { stage: "local".into() }
    }

    #[test]
    fn a_decision_is_a_message_to_the_forwarder() {
        let change = || Change { case: 7, change: 2 };
        let send = Forward::Send {
            change: change(),
            at: at(),
        };
        let message = json!({"sequence": 7, "decision": {"n": 2, "does": "send", "by": "me"}});
        assert_eq!(decision(&send, "me"), Some(message));
        let skip = Forward::Skip {
            change: change(),
            upstream: Some(9),
            at: at(),
        };
        let message = json!({"sequence": 7, "decision": {"n": 2, "does": "skip", "by": "me", "upstream": 9}});
        assert_eq!(decision(&skip, "me"), Some(message));
        assert_eq!(decision(&Forward::Held(at()), "me"), None);
    }

    #[test]
    fn only_what_is_held_is_read_and_listed() {
        let answer = json!({"Items": [
            {"pk": {"S": "CASE#7"}, "sk": {"S": "FORWARD"}, "dueIn": {"S": "HELD"}, "dueAt": {"S": "001"}},
        ]});
        assert_eq!(keys(&answer), [json!({"pk": {"S": "CASE#7"}, "sk": {"S": "FORWARD"}})]);
        let held = |case: &str, at: &str| {
            json!({"sequence": {"N": case}, "held": {"M": {
                "n": {"N": "2"}, "why": {"S": "refused"}, "at": {"S": at}, "reason": {"S": "no"},
            }}})
        };
        // An operator's decision has the reason for which its change was held, as text.
        let decision = json!({"n": {"N": "2"}, "does": {"S": "send"}, "held": {"S": "reset"}, "by": {"S": "me"}});
        let sent = json!({"sequence": {"N": "8"}, "forwardedThrough": {"N": "3"}});
        let rows = vec![
            held("9", "2026-01-06T00:00:00Z"),
            decision,
            sent,
            held("7", "2026-01-05T00:00:00Z"),
        ];
        assert_eq!(
            lines(rows),
            [
                "--case 7 --change 2 refused since 2026-01-05T00:00:00Z: no",
                "--case 9 --change 2 refused since 2026-01-06T00:00:00Z: no",
            ]
        );
    }

    #[test]
    fn a_held_change_is_listed_with_the_options_that_name_it() {
        let row = json!({"sequence": {"N": "7"}, "held": {"M": {
            "n": {"N": "2"}, "why": {"S": "unknown"}, "at": {"S": "2026-01-05T10:20:00Z"}, "reason": {"S": "reset"},
        }}});
        assert_eq!(
            line(&row),
            "--case 7 --change 2 unknown since 2026-01-05T10:20:00Z: reset"
        );
    }
}
