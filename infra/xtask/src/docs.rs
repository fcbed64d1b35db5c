//! `docs`: tries the API page in headless Chromium, on a temporary stack.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::progress::{Progress, note};
use crate::signals;
use crate::stack::Stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Debian's Chromium: playwright's own build comes from no package registry.
const CHROMIUM: &str = "/usr/bin/chromium";
const LOCK_FILE: &str = "package-lock.json";

pub fn docs() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    try_page(&mut progress, &workspace, &venv)?;
    signals::fail_if_interrupted()?;
    progress.close("cargo xtask docs")
}

pub fn try_page(progress: &mut Progress, workspace: &Workspace, venv: &Venv) -> Result<()> {
    let dir = workspace.target.join("docs-stack");
    up::with_temporary_stack(progress, workspace, venv, &dir, |progress, stack| {
        progress.attempt("the API page in headless Chromium", || browse(workspace, stack));
    })
}

fn browse(workspace: &Workspace, stack: &Stack) -> Result<()> {
    if !Path::new(CHROMIUM).exists() {
        return Err(format!("{CHROMIUM} is missing: `apt-get install chromium` installs it").into());
    }
    let script = install(workspace)?;
    let screenshot = workspace.target.join("docs/api-docs.png");
    let token = stack.tokens.get("customer").context("stack.json has no customer")?;
    let mut browser = Command::new("node");
    browser
        .current_dir(script)
        .arg("try-page.mjs")
        .args([CHROMIUM, &stack.base_url])
        .arg(&screenshot)
        .env("TRUNKLINE_TOKEN", token);
    process::run(browser)?;
    note(format!("screenshot: {}", screenshot.display()));
    Ok(())
}

/// Copies infra/docs below the target directory, because npm installs packages beside the script. Installs them only when
/// the lock file has changed. Returns the copy's folder.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let source = workspace.root.join("infra/docs");
    let folder = workspace.target.join("docs/browser");
    let stamp = folder.with_extension("sha256");
    let wanted = files::sha256_of_file(&source.join(LOCK_FILE))?;
    let installed = files::read(&stamp).is_ok_and(|found| found == wanted);
    if !installed && folder.exists() {
        fs::remove_dir_all(&folder).context(folder.display())?;
    }
    files::make_dir(&folder)?;
    for entry in fs::read_dir(&source).context(source.display())? {
        let path = entry.context(source.display())?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, folder.join(name)).context(path.display())?;
        }
    }
    if !installed {
        note(format!("installing {LOCK_FILE} into {}", folder.display()));
        let mut npm = Command::new("npm");
        npm.current_dir(&folder)
            .args(["ci", "--omit=dev", "--no-audit", "--no-fund"]);
        process::run_logged(npm, &folder.with_extension("install.log"))?;
        files::write(&stamp, &wanted)?;
    }
    Ok(folder)
}
