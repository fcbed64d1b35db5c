//! `bench`: builds the functions and what they are compared with, and measures them. The harness is a workspace of its
//! own under infra/bench; each of its packages is built by itself, so that none brings its features into another.

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
use crate::scripts::{self, Script};
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
    /// Only these variants, beside the empty ones: quote, case, webhook, each of them with -cold-io behind it, fallback,
    /// stock, node, python
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// First build every function from nothing, and record how long that takes
    #[arg(long)]
    build_time: bool,
}

#[derive(Subcommand)]
enum Part {
    /// What repeats exactly, against the ceilings in infra/bench/ceilings.json
    Guard {
        /// Record new ceilings; the commit says why
        #[arg(long)]
        record: bool,
    },
    /// A TLS client on ring and on aws-lc-rs; infra/bench/CRYPTO.md has what came of it
    Crypto {
        /// Processes of each build that are timed
        #[arg(long, default_value_t = 100)]
        runs: u32,
    },
}

/// A build of infra/bench/crypto, in a target directory of its own so that features never mix.
struct Crypto {
    name: &'static str,
    feature: &'static str,
    settings: &'static [(&'static str, &'static str)],
}

/// Read by the build of aws-lc-sys.
const NO_JITTER: &str = "AWS_LC_SYS_NO_JITTER_ENTROPY";
/// Unset, our opt-level "s" says it: smaller tables, no AVX-512.
const SMALL: &str = "AWS_LC_SYS_SMALL";

const CRYPTO: [Crypto; 4] = [
    Crypto {
        name: "ring",
        feature: "ring",
        settings: &[],
    },
    Crypto {
        name: "aws-lc",
        feature: "aws-lc",
        settings: &[],
    },
    Crypto {
        name: "aws-lc-no-jitter",
        feature: "aws-lc",
        settings: &[(NO_JITTER, "1")],
    },
    Crypto {
        name: "aws-lc-no-jitter-large",
        feature: "aws-lc",
        settings: &[(NO_JITTER, "1"), (SMALL, "0")],
    },
];

/// They answer the same quotes.
const SCRIPTS: [Script; 2] = [
    Script {
        name: "node",
        pins: "package-lock.json",
        install: scripts::npm,
    },
    Script {
        name: "python",
        pins: "requirements.txt",
        install: scripts::pip,
    },
];

pub fn bench(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    match options.part {
        Some(Part::Guard { record }) => return guard(&workspace, record),
        Some(Part::Crypto { runs }) => return crypto(&workspace, runs),
        None => {}
    }
    let mut progress = Progress::begin();
    if options.build_time {
        progress.step("clean release build of every function", || build_time(&workspace))?;
    }
    progress.step("functions", || build::functions(&workspace))?;
    for package in ["bench", "empty", "stock"] {
        progress.step(format!("infra/bench: {package}"), || build(&workspace, package))?;
    }
    for script in &SCRIPTS {
        progress.step(format!("infra/bench/{}", script.name), || {
            let from = workspace.root.join("infra/bench").join(script.name);
            script.ready(&from, &workspace.target.join("bench").join(script.name))
        })?;
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

/// The cheap part, for `check --deep`.
pub fn guard(workspace: &Workspace, record: bool) -> Result<()> {
    build::functions(workspace)?;
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

fn crypto(workspace: &Workspace, runs: u32) -> Result<()> {
    let mut progress = Progress::begin();
    progress.step("infra/bench: bench", || build(workspace, "bench"))?;
    for part in &CRYPTO {
        progress.step(format!("infra/bench: crypto, {}", part.name), || {
            let target = workspace.target.join("bench-build-crypto").join(part.name);
            let mut build = release(workspace, &target, "crypto");
            build
                .args(["--features", part.feature])
                .env_remove(NO_JITTER)
                .env_remove(SMALL)
                .envs(part.settings.iter().copied());
            process::run(build)
        })?;
    }
    let mut harness = harness(workspace);
    harness.args(["crypto", "--runs", &runs.to_string()]);
    process::run(harness)
}

/// The harness's own code, without `stock`: that would build the stock SDK only to look at forty lines.
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
            "--package",
            "crypto",
            "--features",
            "crypto/ring",
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
    process::run(release(workspace, &built(workspace), package))
}

fn release(workspace: &Workspace, target: &Path, package: &str) -> Command {
    let mut build = workspace.cargo();
    build
        .current_dir(workspace.root.join("infra/bench"))
        .env("CARGO_TARGET_DIR", target)
        .args(["build", "--locked", "--release", "--package", package]);
    build
}

/// Every function from nothing, in a target directory of its own that is not kept.
fn build_time(workspace: &Workspace) -> Result<()> {
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
