//! `bench`: builds the functions and the variants they are compared with, then measures them. The harness is a workspace of
//! its own under infra/bench. Each of its packages is built by itself, so that none adds features to another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::build;
use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::progress::Progress;
use crate::workspace::Workspace;

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    /// Blocks of three cold starts of each variant
    #[arg(long, default_value_t = 40)]
    blocks: u32,
    /// Leave out instructions, the share of a core and the 64 processes
    #[arg(long)]
    quick: bool,
    /// Only these variants and the empty ones: fallback, stock, and quote, case and webhook, each also with -cold-io
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// First time a clean build of every function
    #[arg(long)]
    build_time: bool,
}

#[derive(Subcommand)]
enum Part {
    /// Compare the figures that repeat with the ceilings in infra/bench/ceilings.json
    Guard {
        /// Record new ceilings; give the reason in the commit
        #[arg(long)]
        record: bool,
    },
}

pub fn bench(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    if let Some(Part::Guard { record }) = options.part {
        return guard(&workspace, record);
    }
    let mut progress = Progress::begin();
    if options.build_time {
        progress.step("clean release build of every function", || time_clean_build(&workspace))?;
    }
    progress.step("functions", || build::functions(&workspace))?;
    for package in ["bench", "empty", "stock"] {
        progress.step(format!("infra/bench: {package}"), || build(&workspace, package))?;
    }
    let mut harness = harness(&workspace);
    harness.args(["run", "--blocks", &options.blocks.to_string()]);
    if options.quick {
        harness.arg("--quick");
    }
    if !options.only.is_empty() {
        harness.args(["--only", &options.only.join(",")]);
    }
    process::run(harness)
}

/// Only what `check --deep` runs.
pub fn guard(workspace: &Workspace, record: bool) -> Result<()> {
    build::functions(workspace)?;
    build::readers(workspace)?;
    for package in ["bench", "empty"] {
        build(workspace, package)?;
    }
    let mut harness = harness(workspace);
    harness.arg("guard");
    if record {
        harness.arg("--record");
    }
    process::run(harness)
}

/// Lets a program, as the argument of `front`, answer the event of a quote.
pub fn answer(workspace: &Workspace, program: &Path, front: &[&str]) -> Result<()> {
    build(workspace, "bench")?;
    let mut harness = harness(workspace);
    harness
        .arg("answer")
        .arg("--program")
        .arg(program)
        .arg("--")
        .args(front);
    process::run(harness)
}

/// Formatting and lints, without `stock`: its lints would compile the whole stock SDK for a few lines.
pub fn lint(workspace: &Workspace) -> Result<()> {
    let parts: [&[&str]; 2] = [
        &["fmt", "--all", "--check"],
        &[
            "clippy",
            "--locked",
            "--package",
            "bench",
            "--package",
            "empty",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ],
    ];
    for arguments in parts {
        let mut command = workspace.cargo();
        command
            .current_dir(workspace.root.join("infra/bench"))
            .env("CARGO_TARGET_DIR", built(workspace))
            .args(arguments);
        process::run(command)?;
    }
    Ok(())
}

fn harness(workspace: &Workspace) -> Command {
    let mut harness = Command::new(built(workspace).join("release/bench"));
    harness
        .arg("--root")
        .arg(&workspace.root)
        .arg("--target")
        .arg(&workspace.target);
    harness
}

fn built(workspace: &Workspace) -> PathBuf {
    workspace.target.join("bench-build")
}

fn build(workspace: &Workspace, package: &str) -> Result<()> {
    let mut build = workspace.cargo();
    build
        .current_dir(workspace.root.join("infra/bench"))
        .env("CARGO_TARGET_DIR", built(workspace))
        .args(["build", "--locked", "--release", "--package", package]);
    process::run(build)
}

/// A clean build of every function, in a target directory of its own that is then removed.
fn time_clean_build(workspace: &Workspace) -> Result<()> {
    let bench = workspace.target.join("bench");
    let fresh = bench.join("build-time");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).context(fresh.display())?;
    }
    let mut fetch = workspace.cargo();
    fetch.args(["fetch", "--locked"]);
    process::run(fetch)?;
    let mut build = workspace.cargo();
    build
        .env("CARGO_TARGET_DIR", &fresh)
        .args(["build", "--locked", "--release", "--bins"]);
    for domain in &workspace.domains {
        build.args(["--package", &domain.package]);
    }
    files::make_dir(&bench)?;
    let begun = Instant::now();
    process::run_logged(build, &bench.join("build-time.log"))?;
    let measured = json!({
        "seconds": begun.elapsed().as_secs_f64(),
        "functions": workspace.binaries().count(),
        "cores": thread::available_parallelism().map_or(1, usize::from),
    });
    fs::remove_dir_all(&fresh).context(fresh.display())?;
    files::write(&bench.join("build-time.json"), &measured.to_string())
}
