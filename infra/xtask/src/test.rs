//! `test`: what CI runs. The fast tests, the long ones, then the end-to-end tests on a stack of their own.

use std::env;
use std::process::Command;

use crate::failure::{Context, Result};
use crate::process;
use crate::progress::Progress;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// A folder and ports of its own, so that a developer's running stack is left alone.
const STACK: &str = "test-stack";

pub fn test() -> Result<()> {
    let workspace = Workspace::load()?;
    let dir = workspace.target.join(STACK);
    let tool = env::current_exe().context("this tool")?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    progress.attempt("the emulator's patches fit its pin", || {
        launcher_check(&workspace, &venv)
    });
    progress.attempt("fast tests", || {
        let mut tests = workspace.cargo();
        // Handlers live in libraries: testing the entry points would only link every function once more.
        tests.args(["test", "--workspace", "--exclude", "tests", "--no-fail-fast"]);
        tests.args(["--lib", "--bin", "xtask", "--bin", "sandbox"]);
        process::run(tests)
    });
    process::go_on()?;
    progress.attempt("long tests, optimised", || {
        let mut tests = workspace.cargo();
        tests.args(["test", "--release", "--package", "mmob", "--lib", "--", "--ignored"]);
        process::run(tests)
    });
    process::go_on()?;
    up::for_a_while(&mut progress, &workspace, &venv, &dir, |progress, _| {
        progress.attempt("end-to-end tests on the deployed stack", || {
            let mut tests = workspace.cargo();
            tests.args(["test", "--package", "tests", "--no-fail-fast"]);
            tests.env("TRUNKLINE_STACK", dir.join("stack.json"));
            // Some of them try the tool itself.
            tests.env("TRUNKLINE_XTASK", &tool);
            process::run(tests)
        });
    })?;
    process::go_on()?;
    progress.close("cargo xtask test")
}

fn launcher_check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let mut check = Command::new(venv.tool("python"));
    check
        .arg(workspace.root.join("infra/emulator/launcher.py"))
        .arg("--check");
    process::run(check)
}
