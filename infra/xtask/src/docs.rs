//! `docs`: what people and programs do with the API document, on a temporary stack: generated clients call the hub, the
//! collection of requests is sent, and the API page is tried in headless Chromium.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::clients::Clients;
use crate::failure::{Context, Result};
use crate::node::Packages;
use crate::process;
use crate::progress::{Progress, note};
use crate::requests;
use crate::requests::callers;
use crate::requests::document::Document;
use crate::signals;
use crate::stack::Stack;
use crate::up;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Debian's Chromium: playwright's own build comes from no package registry.
const CHROMIUM: &str = "/usr/bin/chromium";
/// The hub tests a funder once a minute. The page has tested one, and the collection tests it again.
const TEST_INTERVAL: Duration = Duration::from_secs(61);
/// The command with which the page says how to get a token.
const TOKEN_COMMAND: &str = "cargo xtask token ";

pub fn docs() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    try_document(&mut progress, &workspace, &venv)?;
    signals::fail_if_interrupted()?;
    progress.close("cargo xtask docs")
}

pub fn try_document(progress: &mut Progress, workspace: &Workspace, venv: &Venv) -> Result<()> {
    let clients = Clients::make(progress, workspace)?;
    let dir = workspace.target.join("docs-stack");
    up::with_temporary_stack(progress, workspace, venv, &dir, |progress, stack| {
        // First, because the page's first tries are those of a new stack.
        progress.attempt("the API page in headless Chromium", || browse(workspace, stack, &dir));
        let tested = Instant::now();
        clients.call(progress, stack);
        progress.attempt("the collection of requests", || {
            thread::sleep(TEST_INTERVAL.saturating_sub(tested.elapsed()));
            requests::send(workspace, stack)
        });
    })
}

fn browse(workspace: &Workspace, stack: &Stack, dir: &Path) -> Result<()> {
    if !Path::new(CHROMIUM).exists() {
        return Err(format!("{CHROMIUM} is missing: `apt-get install chromium` installs it").into());
    }
    let packages = Packages::ready(workspace, "docs")?;
    let screenshot = workspace.target.join("docs/api-docs.png");
    let document = Document::read(workspace)?;
    let keys = serde_json::to_string(&keys(&document, stack)).context("keys")?;
    let mut browser = Command::new("node");
    browser
        .current_dir(packages.folder())
        .arg("try-page.mjs")
        .args([CHROMIUM, &stack.base_url])
        .arg(&screenshot)
        .env("TRUNKLINE_TOKEN", token(&document, dir)?)
        .env("TRUNKLINE_KEYS", keys);
    process::run(browser)?;
    note(format!("screenshot: {}", screenshot.display()));
    Ok(())
}

/// A token of this stack, from the command that the page shows.
fn token(document: &Document, dir: &Path) -> Result<String> {
    let words = token_command(document.description())
        .context("the API document's introduction shows no command for a token")?;
    let mut command = Command::new(env::current_exe().context("the path of this tool")?);
    command.arg("token").args(words).arg("--stack-dir").arg(dir);
    Ok(process::capture(command)?.trim().to_owned())
}

/// The words of the first command for a token, up to the end of its line or of its code span.
fn token_command(introduction: &str) -> Option<Vec<&str>> {
    let (_, rest) = introduction.split_once(TOKEN_COMMAND)?;
    let command = rest.split(['`', '\n', '"', ')']).next()?;
    Some(command.split_whitespace().collect())
}

/// The API key of each operation that takes one.
fn keys(document: &Document, stack: &Stack) -> BTreeMap<String, String> {
    let headers = callers::headers(stack);
    let operations = document.operations().filter_map(|operation| {
        let header = headers.get(callers::caller(document, &operation)?)?;
        let key = header.strip_prefix("x-api-key: ")?;
        Some((operation.text("operationId").to_owned(), key.to_owned()))
    });
    operations.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_for_a_token_ends_with_its_line_or_its_code_span() {
        let wanted = Some(vec!["--role", "admin", "--sub", "1"]);
        let span = "Ask `cargo xtask token --role admin --sub 1` for one.";
        let block = "```sh\ncargo xtask token --role admin --sub 1\n```\n";
        assert_eq!(token_command(span), wanted);
        assert_eq!(token_command(block), wanted);
        assert_eq!(token_command("no command"), None);
    }
}
