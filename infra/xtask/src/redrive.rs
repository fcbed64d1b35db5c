//! `redrive`: what lies in a queue's dead-letter queue, and its way back before a worker.
//!
//! Each message is sent before it is deleted, so that a crash in between doubles it and never loses it; workers take a
//! message twice. What dies again meanwhile is left for another run. AWS's own StartMessageMoveTask would do much of this,
//! but tells nobody who asked for what, and the emulator has none.

mod letter;
mod post;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::aws::Aws;
use crate::deploy;
use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::progress::{note, say};
use crate::settings::{self, Settings};
use crate::stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;
use letter::Letter;
use post::{BATCH, Post, Sqs};

/// So many are listed at most.
const LISTED: usize = 1000;
/// What a queue's dead letters are called.
const DEAD: &str = "Dlq";

#[derive(Args)]
pub struct Options {
    /// As stack.json names it, such as quoteRetry
    #[arg(long)]
    queue: String,
    /// Only show what is there
    #[arg(long, conflicts_with = "max_rate")]
    dry_run: bool,
    /// Messages a second at most
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    max_rate: u32,
    /// The environment of samconfig.toml; all but `local` are on AWS, where your own credentials count
    #[arg(long, default_value = settings::LOCAL)]
    stage: String,
    /// The folder of the local stack; `target/local` unless given
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn redrive(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let venv = Venv::ready(&workspace)?;
    let settings = Settings::read(&workspace.root, &options.stage)?;
    let local = workspace.target.join(up::LOCAL);
    let dir = options.stack_dir.as_ref().unwrap_or(&local);
    files::make_dir(dir)?;
    let aws = Aws::of_stage(&options.stage, &settings.region, &venv, dir)?;
    let outputs = deploy::outputs(&aws, &settings.stack_name)?;
    let (queue, dead) = find(&stack::members(&outputs, "Queue"), &options.queue)?;
    let post = Sqs {
        aws: &aws,
        name: &options.queue,
        queue: &queue,
        dead: &dead,
        table: outputs.get("TableIntegrationLog").context("the stack has no log")?,
        operator: operator(&aws)?,
    };
    if options.dry_run {
        return list(&post);
    }
    let count = bring_back(&post, options.max_rate)?;
    say(format!("{} moved back to {}", count.moved, options.queue));
    if count.stuck > 0 {
        return Err(format!("{} could not be sent and are where they were", count.stuck).into());
    }
    Ok(())
}

/// The addresses of a queue and of its dead letters.
fn find(queues: &Map<String, Value>, name: &str) -> Result<(String, String)> {
    let url = |name: &str| queues.get(name)?.as_str().map(str::to_owned);
    let found = url(name).zip(url(&format!("{name}{DEAD}")));
    found.context(format!(
        "no queue {name} with dead letters; there are {}",
        queues
            .keys()
            .filter_map(|name| name.strip_suffix(DEAD))
            .collect::<Vec<_>>()
            .join(", ")
    ))
}

/// Who asks.
pub fn operator(aws: &Aws) -> Result<String> {
    let identity = aws.call("sts get-caller-identity", &[])?;
    let arn = identity.get("Arn").and_then(Value::as_str);
    Ok(arn.context("AWS does not say who you are")?.to_owned())
}

fn list(post: &impl Post) -> Result<()> {
    // By id: what is listed for long is handed out again.
    let mut held: BTreeMap<String, Letter> = BTreeMap::new();
    while held.len() < LISTED {
        process::go_on()?;
        let some = post.receive(BATCH)?;
        let before = held.len();
        let now = Timestamp::now().as_millisecond();
        for letter in some {
            if !held.contains_key(&letter.id) {
                note(letter.line(now));
            }
            held.insert(letter.id.clone(), letter);
        }
        if held.len() == before {
            break;
        }
    }
    let held: Vec<_> = held.into_values().collect();
    post.release(&held)?;
    let and_more = if held.len() < LISTED { "" } else { " or more" };
    say(format!("{}{and_more} dead messages", held.len()));
    Ok(())
}

#[derive(Debug, Default, PartialEq)]
struct Count {
    moved: usize,
    /// Could not be sent.
    stuck: usize,
}

fn bring_back(post: &impl Post, rate: u32) -> Result<Count> {
    let begun = Timestamp::now().as_millisecond();
    let most = usize::try_from(rate).unwrap_or(BATCH).min(BATCH);
    let mut count = Count::default();
    loop {
        process::go_on()?;
        let started = Instant::now();
        let (old, new): (Vec<_>, Vec<_>) = post.receive(most)?.into_iter().partition(|letter| letter.sent < begun);
        post.release(&new)?;
        if old.is_empty() {
            return Ok(count);
        }
        post.record(&old)?;
        let sent = post.send(&old)?;
        let (sent, stuck): (Vec<_>, Vec<_>) = old.into_iter().partition(|letter| sent.contains(&letter.id));
        post.delete(&sent)?;
        for letter in &sent {
            note(letter.line(begun));
        }
        count.moved += sent.len();
        count.stuck += stuck.len();
        let due = Duration::from_secs(1) * u32::try_from(sent.len()).unwrap_or(rate) / rate;
        thread::sleep(due.saturating_sub(started.elapsed()));
    }
}

#[cfg(test)]
mod tests;
