//! `forward`: the changes of cases that were not sent on to BQS, and what an operator decides about them. The decision goes
//! to the forwarder's queue: it is the one that writes, and keeps who decided what.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::deploy;
use crate::failure::{Context, Result};
use crate::files;
use crate::progress::say;
use crate::redrive::operator;
use crate::settings::{self, Settings};
use crate::up::LOCAL;
use crate::venv::Venv;
use crate::workspace::Workspace;

#[derive(Subcommand)]
pub enum Forward {
    /// List the changes that are held, with why
    Held(Where),
    /// Send a held change: upstream does not have it
    Send {
        #[command(flatten)]
        change: Change,
        #[command(flatten)]
        place: Where,
    },
    /// Never send a held change and go on with the next: upstream has it, or shall not have it
    Skip {
        #[command(flatten)]
        change: Change,
        /// The number upstream of a case whose creation is skipped because it is there
        #[arg(long)]
        upstream: Option<u64>,
        #[command(flatten)]
        place: Where,
    },
}

#[derive(Args)]
pub struct Change {
    /// The case's sequence
    #[arg(long)]
    case: u64,
    /// The change's number, as `held` lists it; another one than is held is left alone
    #[arg(long)]
    change: u64,
}

#[derive(Args)]
pub struct Where {
    /// The environment of samconfig.toml; all but `local` are on AWS, where your own credentials count
    #[arg(long, default_value = settings::LOCAL)]
    stage: String,
}

pub fn forward(task: &Forward) -> Result<()> {
    let (Forward::Held(place) | Forward::Send { place, .. } | Forward::Skip { place, .. }) = task;
    let workspace = Workspace::load()?;
    let venv = Venv::ready(&workspace)?;
    let settings = Settings::read(&workspace.root, &place.stage)?;
    let dir = workspace.target.join(LOCAL);
    files::make_dir(&dir)?;
    let aws = Aws::of_stage(&place.stage, &settings.region, &venv, &dir)?;
    let outputs = deploy::outputs(&aws, &settings.stack_name)?;
    if let Forward::Held(_) = task {
        let table = outputs.get("TableCases").context("the stack has no table of cases")?;
        return list(&aws, table);
    }
    let queue = outputs
        .get("QueueBqsForward")
        .context("the stack has no queue of the forwarder")?;
    let Some(wake) = decision(task, &operator(&aws)?) else {
        return Ok(());
    };
    let message = json!({"QueueUrl": queue, "MessageBody": wake.to_string()});
    aws.ask("sqs send-message", &message)?;
    say("The forwarder has been told.");
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
    let ask = json!({"TableName": table, "FilterExpression": "attribute_exists(held)"});
    // The command line asks for page after page by itself.
    let answer = aws.ask("dynamodb scan", &ask)?;
    let rows = answer
        .get("Items")
        .and_then(Value::as_array)
        .context("the table does not answer")?;
    for row in rows {
        say(line(row));
    }
    say(format!("{} held", rows.len()));
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

    fn place() -> Where {
        Where { stage: "local".into() }
    }

    #[test]
    fn a_decision_is_a_message_to_the_forwarder() {
        let change = || Change { case: 7, change: 2 };
        let send = Forward::Send {
            change: change(),
            place: place(),
        };
        let told = json!({"sequence": 7, "decision": {"n": 2, "does": "send", "by": "me"}});
        assert_eq!(decision(&send, "me"), Some(told));
        let skip = Forward::Skip {
            change: change(),
            upstream: Some(9),
            place: place(),
        };
        let told = json!({"sequence": 7, "decision": {"n": 2, "does": "skip", "by": "me", "upstream": 9}});
        assert_eq!(decision(&skip, "me"), Some(told));
        assert_eq!(decision(&Forward::Held(place()), "me"), None);
    }

    #[test]
    fn what_is_held_is_listed_as_it_is_asked_for() {
        let row = json!({"sequence": {"N": "7"}, "held": {"M": {
            "n": {"N": "2"}, "why": {"S": "unknown"}, "at": {"S": "2026-01-05T10:20:00Z"}, "reason": {"S": "reset"},
        }}});
        assert_eq!(
            line(&row),
            "--case 7 --change 2 unknown since 2026-01-05T10:20:00Z: reset"
        );
    }
}
