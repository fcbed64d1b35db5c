//! `recipes`: does what README tells people to do for a new funder and a new function, in a copy of the tree, and holds the
//! house rules against it.
//!
//! `infra/recipes/<recipe>/<step>/` has a file for every file that a step touches: a new one as it will be, or what changes
//! in an old one as `<name>.edit` (see [`crate::edit`]). README must name each of them in the same step.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::edit;
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::process;
use crate::progress::Progress;
use crate::workspace::Workspace;

struct Recipe {
    /// Of README.
    chapter: &'static str,
    /// In infra/recipes.
    folder: &'static str,
    /// What the words in angle brackets stand for.
    words: &'static [(&'static str, &'static str)],
}

const RECIPES: [Recipe; 2] = [
    Recipe {
        chapter: "Add a function",
        folder: "function",
        words: &[
            ("<domain>", "operations"),
            ("<noun>", "example"),
            ("<function>", "operations-example"),
        ],
    },
    Recipe {
        chapter: "Add a funder",
        folder: "funder",
        words: &[("<funder>", "example")],
    },
];

const LOOK: &str = "cargo test -p tests -- openapi";
const RENEW: &str = "cp target/openapi.json functions/operations/openapi.json";

pub fn recipes(without: Option<&Path>) -> Result<()> {
    let workspace = Workspace::load()?;
    let mut progress = Progress::begin();
    prove(&mut progress, &workspace, without)?;
    progress.close("cargo xtask recipes")
}

/// `without` is a file under infra/recipes that is left out, to see that it is missed.
pub fn prove(progress: &mut Progress, workspace: &Workspace, without: Option<&Path>) -> Result<()> {
    let copy = workspace.target.join("recipes");
    progress.step("a copy of the tree", || {
        copied(workspace, &copy)?;
        rename(&copy)
    })?;
    progress.step("the steps of README's recipes", || follow(&copy, without))?;
    let cargo = |words: &str| {
        let mut words = words.split(' ');
        let mut cargo = workspace.cargo();
        cargo.args(words.by_ref().skip(1)).current_dir(&copy);
        // Libraries from elsewhere are built already.
        cargo.env("CARGO_TARGET_DIR", &workspace.target);
        cargo
    };
    for check in [
        "cargo fmt --all --check",
        "cargo clippy --workspace --lib --bin operations-example -- --deny warnings",
        "cargo test -p partners -p operations --lib example",
    ] {
        progress.attempt(format!("recipes: {check}"), || process::run(cargo(check)));
    }
    progress.attempt(format!("recipes: {LOOK}; {RENEW}"), || {
        let log = workspace.target.join("recipes.log");
        if process::run_logged(cargo(LOOK), &log).is_ok() {
            return Err("a new function does not change the API document".into());
        }
        let mut renew = RENEW.split(' ');
        let mut command = Command::new(renew.next().unwrap_or_default());
        command.args(renew).current_dir(&copy);
        process::run(command)
    });
    let rules = "cargo test -p tests -- names routes template openapi";
    progress.attempt(format!("recipes: {rules}"), || process::run(cargo(rules)));
    Ok(())
}

/// What git has or would take.
fn copied(workspace: &Workspace, copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).context(copy.display())?;
    }
    let mut list = Command::new("git");
    list.current_dir(&workspace.root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::capture(list)?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        let from = workspace.root.join(name);
        // A file that was deleted is listed until that is committed.
        if from.is_file() {
            put(&from, &copy.join(name))?;
        }
    }
    Ok(())
}

/// Gives the copy's packages a version of their own: cargo would take them for the tree's, which share its target folder.
fn rename(copy: &Path) -> Result<()> {
    let manifest = copy.join("Cargo.toml");
    let text = files::read(&manifest)?;
    let line = text.lines().find(|line| line.starts_with("version = "));
    let line = line.context("Cargo.toml has no version")?;
    files::write(&manifest, &text.replacen(line, "version = \"0.0.0\"", 1))
}

fn put(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        files::make_dir(folder)?;
    }
    fs::copy(from, to).context(from.display())?;
    Ok(())
}

fn follow(copy: &Path, without: Option<&Path>) -> Result<()> {
    let readme = files::read(&copy.join("README.md"))?;
    for Recipe { chapter, folder, words } in RECIPES {
        let steps = steps(&readme, chapter)?;
        let folder = PathBuf::from("infra/recipes").join(folder);
        for (step, text) in (1..).zip(&steps) {
            let step = folder.join(step.to_string());
            let given = copy.join(&step);
            if !given.is_dir() {
                if !text.contains(LOOK) || !text.contains(RENEW) {
                    return Err(format!("README says under \"{chapter}\" what {} does not do", step.display()).into());
                }
                continue;
            }
            for file in inside(&given)? {
                let path = file.strip_prefix(&given).context("a recipe's file")?;
                if without != Some(step.join(path).as_path()) {
                    perform(&file, path, copy)?;
                }
                let path = path.display().to_string();
                if !names(text, words, path.trim_end_matches(".edit")) {
                    return Err(format!("README does not say under \"{chapter}\" that {path} is to be changed").into());
                }
            }
        }
        if copy.join(&folder).join((steps.len() + 1).to_string()).exists() {
            return Err(format!("README has fewer steps under \"{chapter}\" than {}", folder.display()).into());
        }
    }
    Ok(())
}

/// The numbered paragraphs of a chapter.
fn steps(readme: &str, chapter: &str) -> Result<Vec<String>> {
    let missing = || Failure::from(format!("README has no chapter \"{chapter}\""));
    let text = readme.split_once(&format!("\n## {chapter}\n")).ok_or_else(missing)?.1;
    let text = text.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with(&format!("{}. ", steps.len() + 1)) {
            steps.push(line.to_owned());
        } else if let Some(step) = steps.last_mut().filter(|_| line.starts_with("   ")) {
            step.push('\n');
            step.push_str(line.trim());
        }
    }
    Ok(steps)
}

/// Whether a step names a file, or the folder it is in, between backticks.
fn names(step: &str, words: &[(&str, &str)], path: &str) -> bool {
    let named = step.split('`').skip(1).step_by(2).map(|name| {
        words
            .iter()
            .fold(name.to_owned(), |name, (word, meaning)| name.replace(word, meaning))
    });
    named
        .into_iter()
        .any(|name| path == name || (name.ends_with('/') && path.starts_with(&name)))
}

fn perform(file: &Path, path: &Path, copy: &Path) -> Result<()> {
    if path.extension().is_none_or(|extension| extension != "edit") {
        return put(file, &copy.join(path));
    }
    let edited = copy.join(path.with_extension(""));
    let text = edit::apply(&files::read(&edited)?, &files::read(file)?).context(path.display())?;
    files::write(&edited, &text)
}

fn inside(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).context(folder.display())? {
            let path = entry.context(folder.display())?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str =
        "# X\n\n## Add a thing\n\nFirst:\n\n1. `a/<thing>.rs` and\n   `b/`\n2. `c`\n\n## More\n\n3. no\n";

    #[test]
    fn a_chapters_steps_name_files() {
        let steps = steps(README, "Add a thing").unwrap();
        assert_eq!(steps, ["1. `a/<thing>.rs` and\n`b/`", "2. `c`"]);
        let named = |path| names(&steps[0], &[("<thing>", "it")], path);
        assert!(named("a/it.rs") && named("b/any/file"));
        assert!(!named("a/other.rs") && !named("c") && !named("bb"));
    }
}
