//! `forward`: lists the case changes that the forwarder holds, and sends an operator's decision about one of them. The
//! decision goes to the forwarder's queue, because the forwarder alone writes these rows and keeps the audit.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::failure::{Context, Result};
use crate::progress::print;
use crate::session::Session;
use crate::settings;

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

fn list(aws: &Aws, table: &str) -> Result<()> {
    let input = json!({"TableName": table, "FilterExpression": "attribute_exists(held)"});
    // The command line reads all pages.
    let answer = aws.call_with_input("dynamodb scan", &input)?;
    let rows = answer
        .get("Items")
        .and_then(Value::as_array)
        .context("DynamoDB returned no rows")?;
    for row in rows {
        print(line(row));
    }
    print(format!("{} held", rows.len()));
    Ok(())
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
