//! `docs`: the API page as a person has it, in headless Chromium against a stack of its own.

use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Result};
use crate::process;
use crate::progress::{Progress, note};
use crate::scripts::{self, Script};
use crate::stack::Stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Debian's, since the one that playwright would bring along comes from no package registry.
const CHROMIUM: &str = "/usr/bin/chromium";

const BROWSER: Script = Script {
    name: "docs",
    pins: "package-lock.json",
    install: scripts::npm,
};

pub fn docs() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    try_page(&mut progress, &workspace, &venv)?;
    process::go_on()?;
    progress.close("cargo xtask docs")
}

pub fn try_page(progress: &mut Progress, workspace: &Workspace, venv: &Venv) -> Result<()> {
    let dir = workspace.target.join("docs-stack");
    up::for_a_while(progress, workspace, venv, &dir, |progress, stack| {
        progress.attempt("the API page in headless Chromium", || browse(workspace, stack));
    })
}

fn browse(workspace: &Workspace, stack: &Stack) -> Result<()> {
    if !Path::new(CHROMIUM).exists() {
        return Err(format!("{CHROMIUM} is missing: `apt-get install chromium` installs it").into());
    }
    let from = workspace.root.join("infra").join(BROWSER.name);
    let folder = workspace.target.join("docs");
    BROWSER.ready(&from, &folder.join("browser"))?;
    let picture = folder.join("api-docs.png");
    let token = stack.tokens.get("customer").context("stack.json has no customer")?;
    let mut browser = Command::new("node");
    browser
        .current_dir(folder.join("browser"))
        .arg("try-page.mjs")
        .args([CHROMIUM, &stack.base_url])
        .arg(&picture)
        .env("TRUNKLINE_TOKEN", token);
    process::run(browser)?;
    note(format!("its picture is {}", picture.display()));
    Ok(())
}
