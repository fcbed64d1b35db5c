//! `requests`: a collection of requests that people open with Bruno, docs/requests, made from the API document's examples.

mod bru;
pub mod callers;
mod collection;
pub mod document;
mod request;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::node::Packages;
use crate::process;
use crate::progress::{note, print};
use crate::stack::Stack;
use crate::tree;
use crate::workspace::Workspace;
use document::Document;

const FOLDER: &str = "docs/requests";

/// Makes the collection.
pub fn requests() -> Result<()> {
    let workspace = Workspace::load()?;
    let wanted = collection::files(&Document::read(&workspace)?);
    let folder = workspace.root.join(FOLDER);
    for name in unwanted(&workspace, &wanted)? {
        let file = folder.join(name);
        fs::remove_file(&file).context(file.display())?;
    }
    for (name, content) in &wanted {
        let file = folder.join(name);
        files::make_dir(file.parent().unwrap_or(&folder))?;
        files::write(&file, content)?;
    }
    print(format!("{}: {} files", folder.display(), wanted.len()));
    Ok(())
}

/// The committed collection is what the document's examples make.
pub fn check(workspace: &Workspace) -> Result<()> {
    let wanted = collection::files(&Document::read(workspace)?);
    let stale = wanted.iter().filter(|(name, content)| {
        let found = files::read(&workspace.root.join(FOLDER).join(name));
        !found.is_ok_and(|found| found == **content)
    });
    let stale = stale.map(|(name, _)| name.clone());
    let differing: Vec<String> = stale.chain(unwanted(workspace, &wanted)?).collect();
    if differing.is_empty() {
        return Ok(());
    }
    let differing = differing.join(", ");
    Err(format!("{FOLDER} differs from the API document's examples: `cargo xtask requests` renews {differing}").into())
}

/// The files of the folder that the document does not make.
fn unwanted(workspace: &Workspace, wanted: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let prefix = format!("{FOLDER}/");
    let files = tree::files(&workspace.root)?;
    let present = files.iter().filter_map(|name| name.strip_prefix(&prefix));
    let unwanted = present.filter(|name| !wanted.contains_key(*name));
    Ok(unwanted.map(str::to_owned).collect())
}

/// Sends every request of the collection to a stack, as Bruno does.
pub fn send(workspace: &Workspace, stack: &Stack) -> Result<()> {
    let packages = Packages::ready(workspace, "requests")?;
    let folder = workspace.target.join("requests");
    files::make_dir(&folder)?;
    let report = folder.join("report.json");
    let _absent = fs::remove_file(&report);
    let mut bruno = packages.tool("bru");
    bruno
        .current_dir(workspace.root.join(FOLDER))
        .args([
            "run",
            "-r",
            "--env",
            "local",
            "--noproxy",
            "--disable-cookies",
            "--reporter-json",
        ])
        .arg(&report)
        .env("HUB", &stack.base_url)
        .envs(callers::headers(stack));
    let ended = process::run_logged(bruno, &folder.join("bruno.log"));
    let Some(report) = files::read_json(&report) else {
        return ended.and(Err("Bruno has written no report".into()));
    };
    let results = report.pointer("/0/results").and_then(Value::as_array);
    let results = results.map(Vec::as_slice).unwrap_or_default();
    let expected = Document::read(workspace)?.operations().count();
    if results.len() != expected {
        return Err(format!("Bruno has sent {} of {expected} requests", results.len()).into());
    }
    let failed: Vec<String> = results.iter().filter_map(failure).collect();
    if failed.is_empty() {
        note(format!("{expected} requests got a documented response"));
        return ended;
    }
    Err(Failure::from(failed.join("\n    ")))
}

/// A request whose response is none of those that it lists.
fn failure(result: &Value) -> Option<String> {
    let at = |place: &str| result.pointer(place).map(request::plain).unwrap_or_default();
    if at("/assertionResults/0/status") == "pass" {
        return None;
    }
    let wanted = at("/assertionResults/0/rhsOperand");
    let got = at("/response/status");
    Some(format!(
        "{}: {} {} got {got} instead of {wanted} {}\n      {}",
        at("/path"),
        at("/request/method"),
        at("/request/url"),
        at("/error"),
        at("/response/data")
    ))
}
