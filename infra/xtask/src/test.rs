//! `test`: the unit tests, the long tests, then the tests of package `tests` on a temporary stack. With a filter it runs
//! only the tests of one domain, or those whose names contain the filter.

use std::env;
use std::process::Command;

use crate::failure::{Context, Result};
use crate::process;
use crate::progress::{Progress, note};
use crate::signals;
use crate::stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// The stack's folder below the target directory. It has free ports, so a developer's running stack stays untouched.
const STACK: &str = "test-stack";
/// Without the entry points: handlers are in libraries, and testing the binaries would only link every function again.
const UNIT_TESTS: [&str; 8] = [
    "--workspace",
    "--exclude",
    "tests",
    "--lib",
    "--bin",
    "xtask",
    "--bin",
    "simulators",
];
/// Package `tests`.
const INTEGRATION_TESTS: [&str; 2] = ["--package", "tests"];
/// Modules of package `tests` that read only the tree. Every other test gets a stack.
const WITHOUT_STACK: [&str; 17] = [
    "docs",
    "encryption",
    "environment",
    "leaks",
    "metrics",
    "names",
    "openapi",
    "pins",
    "policies",
    "retained",
    "retention",
    "routes",
    "settings",
    "stacks",
    "surface",
    "template",
    "unchanged",
];
/// Tests of package `tests` wait for each other, so every one of them needs a thread.
const STACK_THREADS: &str = "256";
/// Modules of end-to-end tests that need a scanner.
const SCANNER_TESTS: &str = "::scanner::";
/// The domain with long tests. They are ignored unless optimised.
const LONG_DOMAIN: &str = "mmob";

pub fn test(filter: Option<&str>) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    match filter {
        None => run_all(&mut progress, &workspace)?,
        Some(filter) => run_matching(&mut progress, &workspace, filter)?,
    }
    signals::fail_if_interrupted()?;
    progress.close("cargo xtask test")
}

fn run_all(progress: &mut Progress, workspace: &Workspace) -> Result<()> {
    let venv = progress.step("Python tools", || Venv::ready(workspace))?;
    progress.attempt("the emulator's patches fit its version", || {
        check_launcher(workspace, &venv)
    });
    run_units(progress, workspace, &UNIT_TESTS, None)?;
    run_long(progress, workspace, None)?;
    run_on_stack(progress, workspace, &venv, None)
}

/// Runs the tests of a domain if `filter` is its name, and otherwise the tests whose names contain `filter`.
fn run_matching(progress: &mut Progress, workspace: &Workspace, filter: &str) -> Result<()> {
    let is_domain = workspace.domains.iter().any(|domain| domain.package == filter);
    let of_domain = ["--package", filter, "--lib"];
    let (packages, name) = if is_domain {
        (&of_domain[..], None)
    } else {
        (&UNIT_TESTS[..], Some(filter))
    };
    progress.step("build of the tests", || {
        process::run(cargo_test(workspace, packages, &["--no-run"], None))?;
        process::run(cargo_test(workspace, &INTEGRATION_TESTS, &["--no-run"], None))
    })?;
    let units = list(workspace, packages, &[], name)?;
    let long = list(workspace, packages, &["--ignored"], name)?;
    let integration = list(workspace, &INTEGRATION_TESTS, &[], Some(filter))?;
    if units.is_empty() && integration.is_empty() {
        let domains: Vec<&str> = workspace.domains.iter().map(|domain| domain.package.as_str()).collect();
        let domains = domains.join(", ");
        return Err(format!(
            "no test matches {filter:?}: it is neither a domain ({domains}) nor part of a test's name"
        )
        .into());
    }
    note(format!(
        "{filter:?} matches {} unit tests and {} tests of package tests",
        units.len(),
        integration.len()
    ));
    if units.len() > long.len() {
        run_units(progress, workspace, packages, name)?;
    }
    if !long.is_empty() {
        run_long(progress, workspace, name)?;
    }
    if integration.iter().any(|name| needs_stack(name)) {
        let venv = progress.step("Python tools", || Venv::ready(workspace))?;
        run_on_stack(progress, workspace, &venv, Some(filter))?;
    } else if !integration.is_empty() {
        progress.attempt("tests of package tests, without a stack", || {
            process::run(cargo_test(
                workspace,
                &INTEGRATION_TESTS,
                &["--no-fail-fast"],
                Some(filter),
            ))
        });
    }
    Ok(())
}

fn run_units(progress: &mut Progress, workspace: &Workspace, packages: &[&str], filter: Option<&str>) -> Result<()> {
    progress.attempt("unit tests", || {
        process::run(cargo_test(workspace, packages, &["--no-fail-fast"], filter))
    });
    signals::fail_if_interrupted()
}

fn run_long(progress: &mut Progress, workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    progress.attempt("long tests, optimised", || {
        let packages = ["--release", "--package", LONG_DOMAIN, "--lib"];
        let mut tests = cargo_test(workspace, &packages, &[], filter);
        tests.args(["--", "--ignored"]);
        process::run(tests)
    });
    signals::fail_if_interrupted()
}

fn run_on_stack(progress: &mut Progress, workspace: &Workspace, venv: &Venv, filter: Option<&str>) -> Result<()> {
    let dir = workspace.target.join(STACK);
    let tool = env::current_exe().context("the path of this tool")?;
    up::with_temporary_stack(progress, workspace, venv, &dir, |progress, _| {
        progress.attempt("end-to-end tests on the deployed stack", || {
            let mut tests = cargo_test(workspace, &INTEGRATION_TESTS, &["--no-fail-fast"], filter);
            tests.args(["--", "--test-threads", STACK_THREADS]);
            if stack::member(&dir, "documentScanner")? == "none" {
                let all = list(workspace, &INTEGRATION_TESTS, &[], filter)?;
                for name in all.iter().filter(|name| name.contains(SCANNER_TESTS)) {
                    note(format!("not run, because clamd is not installed: {name}"));
                }
                tests.args(["--skip", SCANNER_TESTS]);
            }
            tests.env("TRUNKLINE_STACK", dir.join("stack.json"));
            // Some tests run commands of this tool.
            tests.env("TRUNKLINE_XTASK", &tool);
            process::run(tests)
        });
    })
}

fn cargo_test(workspace: &Workspace, packages: &[&str], options: &[&str], filter: Option<&str>) -> Command {
    let mut tests = workspace.cargo();
    tests.arg("test").args(packages).args(options).args(filter);
    tests
}

/// The names of the matching tests, ignored tests included.
fn list(workspace: &Workspace, packages: &[&str], options: &[&str], filter: Option<&str>) -> Result<Vec<String>> {
    let mut tests = cargo_test(workspace, packages, &["--quiet"], filter);
    tests.args(["--", "--list"]).args(options);
    Ok(names(&process::capture(tests)?))
}

/// Reads the output of `--list`: `module::name: test`, one a line.
fn names(listed: &str) -> Vec<String> {
    let names = listed.lines().filter_map(|line| line.strip_suffix(": test"));
    names.map(str::to_owned).collect()
}

fn needs_stack(test: &str) -> bool {
    let module = test.split("::").next().unwrap_or_default();
    !WITHOUT_STACK.contains(&module)
}

fn check_launcher(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let mut check = Command::new(venv.tool("python"));
    check
        .arg(workspace.root.join("infra/emulator/launcher.py"))
        .arg("--check");
    process::run(check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_end_to_end_tests_need_a_stack() {
        let listed = "names::binaries: test\nend_to_end::quotes::one: test\n\n2 tests, 0 benchmarks\n";
        let names = names(listed);
        assert_eq!(names, ["names::binaries", "end_to_end::quotes::one"]);
        assert_eq!(
            names.iter().map(|name| needs_stack(name)).collect::<Vec<_>>(),
            [false, true]
        );
    }
}
