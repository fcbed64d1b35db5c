//! `check`: everything about the tree that needs no running stack. `--deep` adds what is slow, and the API page.

use std::process::Command;

use crate::bench;
use crate::docs;
use crate::failure::{Failure, Result};
use crate::leaks;
use crate::process;
use crate::progress::Progress;
use crate::recipes;
use crate::settings::{self, Settings};
use crate::site;
use crate::venv::Venv;
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
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    progress.attempt("sam validate", || validate(&workspace, &venv));
    progress.attempt("cfn-lint", || lint(&workspace, &venv));
    if deep {
        recipes::prove(&mut progress, &workspace, None)?;
        progress.attempt("bench: fmt and clippy", || bench::lint(&workspace));
        progress.attempt("bench guard", || bench::guard(&workspace, false));
        progress.attempt("sam build", || sam_build(&workspace, &venv));
        docs::try_page(&mut progress, &workspace, &venv)?;
    }
    process::go_on()?;
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

/// Without advisories: those need a database that is not on crates.io, and change without any change of ours.
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

/// The way to AWS, where `up` takes a shorter one: the template's own build recipe, for this machine's architecture.
fn sam_build(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let mut command = venv.command("sam")?;
    command
        .current_dir(&workspace.root)
        .args(["build", "--config-env", "local", "--build-dir"])
        .arg(workspace.target.join("sam"))
        .args([
            "--parameter-overrides",
            &format!("Architecture={}", site::architecture()?),
        ]);
    process::run(command)
}
