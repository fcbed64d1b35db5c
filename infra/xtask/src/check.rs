//! `check`: the checks of the tree that need no running stack. `--deep` adds the slow ones and `docs`.

use std::process::Command;

use crate::architecture::Architecture;
use crate::arm64;
use crate::bench;
use crate::docs;
use crate::failure::{Failure, Result};
use crate::imports;
use crate::leaks;
use crate::lint;
use crate::overrides;
use crate::process;
use crate::progress::Progress;
use crate::recipes;
use crate::refusals;
use crate::requests;
use crate::resources;
use crate::rights;
use crate::settings::{self, Settings};
use crate::signals;
use crate::venv::Venv;
use crate::words;
use crate::workspace::Workspace;

pub fn check(deep: bool) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    progress.attempt("cargo fmt", || cargo(&workspace, &["fmt", "--all", "--check"]));
    progress.attempt("cargo clippy", || {
        cargo(
            &workspace,
            &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"],
        )
    });
    progress.attempt("cargo deny", || dependencies(&workspace));
    progress.attempt("no leaked credentials", || leaks::check(&workspace));
    progress.attempt("words", || words::check(&workspace));
    progress.attempt("imports", || imports::check(&workspace));
    progress.attempt("docs/requests", || requests::check(&workspace));
    lint::check(&mut progress, &workspace)?;
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    progress.attempt("sam validate", || validate(&workspace, &venv));
    progress.attempt("cfn-lint", || lint(&workspace, &venv));
    progress.attempt("resources", || resources::check(&workspace, &venv));
    progress.attempt("rights", || rights::check(&workspace, &venv));
    progress.attempt("what AWS refuses", || refusals::check(&workspace, &venv));
    progress.attempt("the documents' deploy commands", || overrides::check(&workspace, &venv));
    if deep {
        recipes::run(&mut progress, &workspace, None)?;
        progress.attempt("bench: fmt and clippy", || bench::lint(&workspace));
        progress.attempt("bench guard", || bench::guard(&workspace, false));
        progress.attempt("sam build", || sam_build(&workspace, &venv));
        progress.attempt("a function for arm64", || arm64::check(&workspace, &venv));
        docs::try_document(&mut progress, &workspace, &venv)?;
    }
    signals::fail_if_interrupted()?;
    progress.close(if deep {
        "cargo xtask check --deep"
    } else {
        "cargo xtask check"
    })
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(arguments);
    process::run(command)
}

/// Without advisories: their database is not on crates.io, and it changes while the tree stays the same.
fn dependencies(workspace: &Workspace) -> Result<()> {
    let mut version = workspace.cargo();
    version.args(["deny", "--version"]);
    process::capture(version)
        .map_err(|_| Failure::from("cargo-deny is missing: `cargo install --locked cargo-deny@0.20.2` installs it"))?;
    cargo(workspace, &["deny", "check", "bans", "licenses", "sources"])
}

fn validate(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let settings = Settings::read(&workspace.root, settings::LOCAL)?;
    let mut command = venv.command("sam")?;
    command
        .current_dir(&workspace.root)
        .args(["validate", "--lint", "--region", &settings.region]);
    process::run(command)
}

fn lint(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let mut command = Command::new(venv.tool("cfn-lint"));
    command
        .current_dir(&workspace.root)
        .args(["--template", "template.yaml", "infra/stacks/*.yaml"]);
    process::run(command)
}

/// Runs the template's own build, which a deployment to AWS uses and `up` does not, for this machine's architecture.
fn sam_build(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let mut command = venv.command("sam")?;
    command
        .current_dir(&workspace.root)
        .args(["build", "--config-env", "local", "--build-dir"])
        .arg(workspace.target.join("sam"))
        .args([
            "--parameter-overrides",
            &format!("Architecture={}", Architecture::of_this_machine()?.name()),
        ]);
    process::run(command)
}
