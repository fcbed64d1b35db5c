//! The crypto libraries beside each other: one small TLS client, built on each. `cargo xtask bench crypto` builds them.

mod count;
mod process;
mod table;
mod time;

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::bench::{self, Bench};
use crate::event;
use crate::failure::{Context, Result};
use crate::measure::instructions;
use crate::progress::{note, say};
use crate::run;
use count::Counts;
use process::Program;
use time::Times;

/// Their target directories, and how the table calls them.
const BUILDS: [(&str, &str); 4] = [
    ("ring", "ring"),
    ("aws-lc", "aws-lc-rs"),
    ("aws-lc-no-jitter", "aws-lc-rs, no jitter"),
    ("aws-lc-no-jitter-large", "the same, not small"),
];

#[derive(Serialize)]
struct Report {
    /// Seconds since the epoch.
    made_at: u64,
    machine: String,
    runs: usize,
    rows: Vec<Row>,
    /// What was not measured, and why.
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Row {
    id: &'static str,
    label: &'static str,
    /// Of the stripped binary.
    bytes: u64,
    instructions: Option<Counts>,
    times: Option<Times>,
}

pub async fn run(bench: &Bench, runs: usize) -> Result<()> {
    let programs = programs(bench)?;
    let mut report = Report {
        made_at: SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        machine: run::machine(),
        runs,
        rows: programs.iter().map(Row::of).collect::<Result<_>>()?,
        notes: Vec::new(),
    };
    say("==> instructions");
    if instructions::installed() {
        for (program, row) in programs.iter().zip(&mut report.rows) {
            note(program.label);
            row.instructions = Some(count::measure(bench, program).await?);
        }
    } else {
        report.notes.push("instructions: valgrind is not installed".into());
    }
    say(format!("==> {runs} processes of each, in random order"));
    let mut times = time::measure(bench, &programs, runs).await?;
    for row in &mut report.rows {
        row.times = times.remove(row.id);
    }
    table::print(&report);
    let path = bench.out("crypto.json");
    fs::write(&path, serde_json::to_string_pretty(&report)?).context(path.display())?;
    say(format!("\n{}", path.display()));
    Ok(())
}

impl Row {
    fn of(program: &Program) -> Result<Self> {
        let path = &program.path;
        Ok(Self {
            id: program.id,
            label: program.label,
            bytes: fs::metadata(path).context(path.display())?.len(),
            instructions: None,
            times: None,
        })
    }
}

/// Copies of what was built, and what they verify.
fn programs(bench: &Bench) -> Result<Vec<Program>> {
    let folder = bench.out("crypto");
    fs::create_dir_all(&folder).context(folder.display())?;
    let signed = event::signed(&bench.root)?;
    let [key, message, signature] = [
        ("key.der", signed.key),
        ("message", signed.message),
        ("signature", signed.signature),
    ]
    .map(|(name, bytes)| write(folder.join(name), &bytes));
    let signed = [key?, message?, signature?];
    BUILDS
        .into_iter()
        .map(|(id, label)| {
            let built = bench.target.join("bench-build-crypto").join(id).join("release/crypto");
            let path = bench.binary(&format!("crypto-{id}"));
            bench::keep(&built, &path)?;
            Ok(Program {
                id,
                label,
                path,
                signed: signed.clone(),
            })
        })
        .collect()
}

fn write(path: PathBuf, bytes: &[u8]) -> Result<PathBuf> {
    fs::write(&path, bytes).context(path.display())?;
    Ok(path)
}
