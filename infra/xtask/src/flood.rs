//! `flood`: one caller asks for many quotes a second, and another for a few. The other caller must not notice, and the funder
//! must not begin to refuse the hub.
//!
//! The simulated LEX answers 429 to more than [`FUNDER_LIMIT`] quotes a minute. The gate would then shut LEX for all callers.

mod report;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::failure::{Context, Result};
use crate::files;
use crate::http;
use crate::progress::{Progress, note, print};
use crate::signals;
use crate::stack::{self, Stack};
use crate::token::{Person, Role, Signer};
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;
use report::{Report, Seen};

/// Quotes a minute, as many as the flood sends in thirty seconds. A minute of the funder can lie across the turn of the clock's
/// minute, so it is more than twice the `QuotaPerMinute` of `local`.
const FUNDER_LIMIT: u32 = 900;
/// Between two quotes of the other caller.
const OTHER_INTERVAL: Duration = Duration::from_secs(2);

#[derive(Args)]
pub struct Options {
    /// Quotes a second of the one caller
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100))]
    rate: u32,
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// The folder of a running stack, instead of a temporary stack
    #[arg(long)]
    stack_dir: Option<PathBuf>,
}

pub fn flood(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    let folder = workspace.target.join("flood");
    files::make_dir(&folder)?;
    let name = format!("{} quotes a second for {} s", options.rate, options.seconds);
    let run = |dir: &Path, stack: &Stack| {
        let run = Run {
            options,
            dir,
            stack,
            quote: &workspace.root.join("events/bodies/quote.json"),
        };
        run.all(&folder, &venv)
    };
    if let Some(dir) = &options.stack_dir {
        let stack = Stack::read(dir)?;
        progress.attempt(name, || run(dir, &stack));
    } else {
        let dir = workspace.target.join("flood-stack");
        up::with_temporary_stack(&mut progress, &workspace, &venv, &dir, |progress, stack| {
            progress.attempt(name, || run(&dir, stack));
        })?;
    }
    signals::fail_if_interrupted()?;
    progress.close("cargo xtask flood")
}

struct Run<'a> {
    options: &'a Options,
    dir: &'a Path,
    stack: &'a Stack,
    quote: &'a Path,
}

impl Run<'_> {
    fn all(&self, folder: &Path, venv: &Venv) -> Result<()> {
        let script = format!("{}/_control/lex/quote", self.stack.simulators_url);
        let limit = json!([{"status": 429, "headers": {"retry-after": "30"}, "perMinute": FUNDER_LIMIT}]);
        http::put(&script, &limit)?;
        let lasts = Duration::from_secs(self.options.seconds.into());
        let one = self.caller("flood@example.com")?;
        let other = self.caller("other@example.com")?;
        let (flooded, others) = thread::scope(|scope| {
            let one = scope.spawn(|| one.send_every(Duration::from_secs(1) / self.options.rate, lasts));
            let other = scope.spawn(|| other.send_every(OTHER_INTERVAL, lasts));
            (one.join(), other.join())
        });
        http::put(&script, &json!([]))?;
        let sent = |sent: thread::Result<Vec<Seen>>| sent.ok().context("a thread of the flood failed");
        let report = Report {
            one: sent(flooded)?,
            other: sent(others)?,
            shut_gates: self.shut_gates(folder, venv)?,
        };
        let file = folder.join("report.json");
        let text = serde_json::to_string_pretty(&report.json()).context(file.display())?;
        files::write(&file, &text)?;
        print(report.text());
        note(format!("report: {}", file.display()));
        signals::fail_if_interrupted()?;
        report.verdict()
    }

    fn caller(&self, email: &str) -> Result<Caller> {
        let person = Person::new(&[Role::Customer], email, email);
        let token = Signer::of_stack(self.dir)?.token(&person, stack::TOKEN_HOURS)?;
        let mut quote = files::read_json(self.quote).context(self.quote.display())?;
        *quote
            .pointer_mut("/customerDetails/email")
            .context("the sample quote has no e-mail address")? = email.into();
        Ok(Caller {
            url: format!("{}/api/integration/quotes/generate", self.stack.base_url),
            bearer: format!("Bearer {token}"),
            quote,
        })
    }

    /// The gates that a funder's 429 has shut, whether they are open again or not.
    fn shut_gates(&self, folder: &Path, venv: &Venv) -> Result<u64> {
        let member = |name: &str| stack::member(self.dir, name);
        let aws = Aws::new(Some(member("emulatorUrl")?), &member("region")?, venv, folder);
        let table = stack::table(self.dir, "funders")?;
        let found = aws.call_with_input(
            "dynamodb scan",
            &json!({
                "TableName": table, "Select": "COUNT", "FilterExpression": "begins_with(pk, :gate)",
                "ExpressionAttributeValues": {":gate": {"S": "GATE#"}},
            }),
        )?;
        found
            .get("Count")
            .and_then(Value::as_u64)
            .context("the scan has no Count")
    }
}

struct Caller {
    url: String,
    bearer: String,
    quote: Value,
}

impl Caller {
    /// Sends quotes at this pace, however long the answers take.
    fn send_every(&self, interval: Duration, lasts: Duration) -> Vec<Seen> {
        let begun = Instant::now();
        let (answered, answers) = mpsc::channel();
        thread::scope(|scope| {
            let mut next = Duration::ZERO;
            while next < lasts && signals::fail_if_interrupted().is_ok() {
                thread::sleep(next.saturating_sub(begun.elapsed()));
                let answered = answered.clone();
                scope.spawn(move || self.send(&answered));
                next += interval;
            }
        });
        drop(answered);
        answers.into_iter().collect()
    }

    fn send(&self, answered: &Sender<Seen>) {
        let begun = Instant::now();
        let answer = http::try_post(&self.url, &[("authorization", &self.bearer)], &self.quote);
        // The receiver outlives every sender.
        let _ = answered.send(Seen {
            answer,
            took: begun.elapsed(),
        });
    }
}
