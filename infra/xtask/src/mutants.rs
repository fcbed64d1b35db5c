//! `mutants`: plants each mistake under `infra/mutants` in a copy of the tree, one at a time. The tests of at least two domains
//! must find it, because the mistakes are in what the domains share.
//!
//! `infra/mutants/<mistake>/` has the changes to the files of the tree, as `<path>.edit` (see [`crate::edit`]).

use std::collections::BTreeMap;
use std::path::Path;

use crate::copy;
use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::progress::{Progress, note};
use crate::workspace::Workspace;

const MUTANTS: &str = "infra/mutants";
/// The domains whose tests must find a mistake.
const MIN_DOMAINS: usize = 2;

/// Plants the mistakes with `only` in their names.
pub fn mutants(only: Option<&str>) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    let copy = workspace.target.join("mutants");
    progress.step("a copy of the tree", || copy::make(&workspace, &copy))?;
    for name in names(&workspace.root)? {
        if only.is_none_or(|only| name.contains(only)) {
            progress.attempt(&name, || plant(&workspace, &copy, &name));
        }
    }
    progress.close("cargo xtask mutants")
}

fn names(root: &Path) -> Result<Vec<String>> {
    let folder = root.join(MUTANTS);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).context(folder.display())? {
        let entry = entry.context(folder.display())?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn plant(workspace: &Workspace, copy: &Path, name: &str) -> Result<()> {
    let folder = copy.join(MUTANTS).join(name);
    let mut edited = Vec::new();
    for edit in copy::files_below(&folder)? {
        let path = edit.strip_prefix(&folder).context(edit.display())?.to_owned();
        copy::apply(&edit, &path, copy)?;
        edited.push(path.with_extension(""));
    }
    let tested = test(workspace, copy, name);
    for path in edited {
        copy::copy_file(&workspace.root.join(&path), &copy.join(&path))?;
    }
    let output = tested?;
    let found = failures(&output);
    for (domain, tests) in &found {
        note(format!("{domain}: {}", tests.join(", ")));
    }
    if found.len() >= MIN_DOMAINS {
        return Ok(());
    }
    Err(format!("{} of the domains find {name}", found.len()).into())
}

/// The output of every domain's tests.
fn test(workspace: &Workspace, copy: &Path, name: &str) -> Result<String> {
    let mut cargo = workspace.cargo();
    cargo.current_dir(copy).args(["test", "--lib", "--no-fail-fast"]);
    for domain in &workspace.domains {
        cargo.args(["-p", &domain.package]);
    }
    // The tree's own target directory, which has the dependencies already. A mistake is built once.
    cargo
        .env("CARGO_TARGET_DIR", &workspace.target)
        .env("CARGO_INCREMENTAL", "0");
    let log = workspace.target.join("mutants-log").join(name);
    let outcome = process::run_logged(cargo, &log);
    let output = files::read(&log)?;
    // A tree that does not compile has no mistake for a test to find.
    match output.contains("could not compile") {
        true => outcome.map(|()| output),
        false => Ok(output),
    }
}

/// The tests that failed, by domain.
fn failures(output: &str) -> BTreeMap<String, Vec<&str>> {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut domain = "";
    for line in output.lines() {
        if let Some((_, running)) = line.split_once("Running unittests src/lib.rs (") {
            let file = running.rsplit('/').next().unwrap_or_default();
            domain = file.split('-').next().unwrap_or_default();
        }
        if let Some(test) = line
            .strip_prefix("test ")
            .and_then(|test| test.strip_suffix(" ... FAILED"))
        {
            found.entry(domain.to_owned()).or_default().push(test);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_listed_by_domain() {
        let output = "     Running unittests src/lib.rs (/target/debug/deps/bqs-8a74)\ntest a::b ... ok\n\
                      test a::c ... FAILED\ntest result: FAILED. 1 passed\n     \
                      Running unittests src/lib.rs (target/debug/deps/mmob-c041)\ntest x ... ok\n";
        assert_eq!(failures(output), BTreeMap::from([("bqs".to_owned(), vec!["a::c"])]));
    }
}
