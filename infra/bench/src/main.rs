//! Measures the functions: `cargo xtask bench` builds what this needs and runs it.

#![expect(
    clippy::disallowed_methods,
    reason = "no part of the hub: it has the clock of this machine"
)]

mod bars;
mod bench;
mod child;
mod cost;
mod crypto;
mod event;
mod failure;
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

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bench::Bench;
use crate::failure::{Context, Result};

#[derive(Parser)]
#[command(about = "Measures the functions on stubs of this machine")]
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
    /// Measure everything and write report.json and report.html
    Run {
        /// Blocks of three cold starts of each variant
        #[arg(long, default_value_t = 40)]
        blocks: usize,
        /// Only these, by id
        #[arg(long, value_delimiter = ',')]
        only: Vec<String>,
        /// Leave out instructions, throttling and scaling
        #[arg(long)]
        quick: bool,
    },
    /// Compare what repeats exactly with the recorded ceilings
    Guard {
        /// Record instead
        #[arg(long)]
        record: bool,
    },
    /// Compare the crypto libraries and write crypto.json
    Crypto {
        /// Processes of each build that are timed
        #[arg(long, default_value_t = 100)]
        runs: usize,
    },
}

fn main() -> ExitCode {
    // One thread: the measured process has the other core to itself.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime
        .context("a runtime")
        .and_then(|runtime| runtime.block_on(perform(Options::parse())));
    match outcome {
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
        Task::Guard { record } => guard::guard(&bench, record).await,
        Task::Crypto { runs } => crypto::run(&bench, runs).await,
    }
}
