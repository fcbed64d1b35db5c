//! `redrive`: lists the messages of a dead-letter queue, or moves them back to their queue.
//!
//! Each message is sent before it is deleted. A crash in between duplicates it and never loses it, and workers tolerate
//! duplicates. A message that fails again during the run stays for the next run. AWS's StartMessageMoveTask would do much
//! of this, but it keeps no audit of the operator and the messages, and the emulator does not have it.

mod message;
mod queue;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::failure::{Context, Result};
use crate::progress::{note, print};
use crate::session::Session;
use crate::settings;
use crate::signals;
use crate::stack;
use message::DeadMessage;
use queue::{BATCH, Queue, Sqs};

const MAX_LISTED: usize = 1000;
/// The end of a dead-letter queue's name.
const DLQ_SUFFIX: &str = "Dlq";

#[derive(Args)]
pub struct Options {
    /// The queue's name in stack.json, such as quoteRetry
    #[arg(long)]
    queue: String,
    /// List the messages and move none
    #[arg(long, conflicts_with = "max_rate")]
    dry_run: bool,
    /// Maximum messages a second
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    max_rate: u32,
    /// The environment of samconfig.toml; all except `local` are on AWS and use your own credentials
    #[arg(long, default_value = settings::LOCAL)]
    stage: String,
    /// The folder of the local stack; default `target/local`
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn redrive(options: &Options) -> Result<()> {
    let session = Session::open(&options.stage, options.stack_dir.as_deref())?;
    let queues = stack::outputs_with_prefix(&session.outputs, "Queue");
    let (queue, dead) = find(&queues, &options.queue)?;
    let queue = Sqs {
        aws: &session.aws,
        name: &options.queue,
        queue: &queue,
        dead: &dead,
        table: session.output("TableIntegrationLog")?,
        operator: session.operator()?,
    };
    if options.dry_run {
        return list(&queue);
    }
    let counts = move_back(&queue, options.max_rate)?;
    print(format!("{} moved back to {}", counts.moved, options.queue));
    if counts.failed > 0 {
        return Err(format!(
            "{} could not be sent and remain in the dead-letter queue",
            counts.failed
        )
        .into());
    }
    Ok(())
}

/// The addresses of a queue and of its dead-letter queue.
fn find(queues: &Map<String, Value>, name: &str) -> Result<(String, String)> {
    let url = |name: &str| queues.get(name)?.as_str().map(str::to_owned);
    let found = url(name).zip(url(&format!("{name}{DLQ_SUFFIX}")));
    found.context(format!(
        "no queue {name} with a dead-letter queue; there are {}",
        queues
            .keys()
            .filter_map(|name| name.strip_suffix(DLQ_SUFFIX))
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

fn list(queue: &impl Queue) -> Result<()> {
    // By id, because SQS hands out a message again while a long listing runs.
    let mut listed: BTreeMap<String, DeadMessage> = BTreeMap::new();
    while listed.len() < MAX_LISTED {
        signals::fail_if_interrupted()?;
        let received = queue.receive(BATCH)?;
        let before = listed.len();
        let now = Timestamp::now().as_millisecond();
        for message in received {
            if !listed.contains_key(&message.id) {
                note(message.line(now));
            }
            listed.insert(message.id.clone(), message);
        }
        if listed.len() == before {
            break;
        }
    }
    let listed: Vec<_> = listed.into_values().collect();
    queue.release(&listed)?;
    let or_more = if listed.len() < MAX_LISTED { "" } else { " or more" };
    print(format!("{}{or_more} dead messages", listed.len()));
    Ok(())
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    moved: usize,
    /// Messages that SQS did not accept.
    failed: usize,
}

fn move_back(queue: &impl Queue, rate: u32) -> Result<Counts> {
    let begun = Timestamp::now().as_millisecond();
    let limit = usize::try_from(rate).unwrap_or(BATCH).min(BATCH);
    let mut counts = Counts::default();
    loop {
        signals::fail_if_interrupted()?;
        let started = Instant::now();
        let received = queue.receive(limit)?.into_iter();
        let (old, new): (Vec<_>, Vec<_>) = received.partition(|message| message.sent < begun);
        queue.release(&new)?;
        if old.is_empty() {
            return Ok(counts);
        }
        queue.record(&old)?;
        let sent = queue.send(&old)?;
        let (sent, failed): (Vec<_>, Vec<_>) = old.into_iter().partition(|message| sent.contains(&message.id));
        queue.delete(&sent)?;
        for message in &sent {
            note(message.line(begun));
        }
        counts.moved += sent.len();
        counts.failed += failed.len();
        let due = Duration::from_secs(1) * u32::try_from(sent.len()).unwrap_or(rate) / rate;
        thread::sleep(due.saturating_sub(started.elapsed()));
    }
}

#[cfg(test)]
mod tests;
