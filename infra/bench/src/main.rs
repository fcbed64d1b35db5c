//! Measures the functions. `cargo xtask bench` builds what this needs, then runs it.

#![expect(
    clippy::disallowed_methods,
    reason = "the harness is no part of the hub and reads this machine's clock itself"
)]

mod answer;
mod bar;
mod bars;
mod bench;
mod child;
mod cost;
mod event;
mod failure;
mod fixture;
mod guard;
mod html;
mod measure;
mod progress;
mod report;
mod run;
mod stats;
mod stub;
mod table;
mod tls;
mod variant;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::failure::{Context, Result};

#[derive(Parser)]
#[command(about = "Measures the functions against stubs on this machine")]
struct Options {
    /// The hub's work tree
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Its target directory
    #[arg(long, default_value = "target")]
    target: PathBuf,
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure everything, and write report.json and report.html
    Run {
        /// Blocks of three cold starts of each variant
        #[arg(long, default_value_t = 40)]
        blocks: usize,
        /// Only these variants, by id
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Leave out instructions, throttling and scaling
        #[arg(long)]
        quick: bool,
    },
    /// Compare the figures that repeat with the recorded ceilings
    Guard {
        /// Record new ceilings instead
        #[arg(long)]
        record: bool,
    },
    /// Send a program the event of a quote, and expect the quote
    Answer {
        #[arg(long)]
        program: PathBuf,
        /// What runs the program, such as an emulator of its processor
        #[arg(last = true)]
        front: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    // One thread: the measured process has the other core to itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime
        .context("a runtime")
        .and_then(|runtime| runtime.block_on(perform(Options::parse())));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(options: Options) -> Result<()> {
    let root = options.root.canonicalize().context(options.root.display())?;
    let target = options.target.canonicalize().context(options.target.display())?;
    let bench = Bench::set_up(&root, &target).await?;
    match options.command {
        Task::Run { blocks, only, quick } => run::run(&bench, blocks, &only, quick).await,
        Task::Answer { program, front } => answer::answer(&bench, program, &front).await,
        Task::Guard { record } => guard::guard(&bench, record).await,
    }
}
