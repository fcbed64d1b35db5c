//! `recipes`: follows the guides for a new function, a new funder and a new partner's webhook in a copy of the tree, and checks
//! and tests the result.
//!
//! `infra/recipes/<recipe>/<step>/` has one file for each file that a step touches: a new file as it is, or the changes to
//! an existing file as `<name>.edit` (see [`crate::edit`]). The guide must name each of these files in the same step.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::copy;
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::imports;
use crate::process;
use crate::progress::{Progress, note};
use crate::rights;
use crate::venv::Venv;
use crate::words;
use crate::workspace::Workspace;

struct Recipe {
    /// The page in docs.
    guide: &'static str,
    /// The chapter of the guide.
    chapter: &'static str,
    /// The folder in infra/recipes.
    folder: &'static str,
    /// The placeholders in the guide's paths, with their values in this recipe.
    placeholders: &'static [(&'static str, &'static str)],
    /// A tree in which this addition touches more files needs mending, or this number a reason.
    max_files: usize,
}

const RECIPES: [Recipe; 3] = [
    Recipe {
        guide: "docs/adding-a-function.md",
        chapter: "Add a function",
        folder: "function",
        placeholders: &[
            ("<domain>", "operations"),
            ("<noun>", "example"),
            ("<function>", "operations-example"),
        ],
        max_files: 13,
    },
    Recipe {
        guide: "docs/adding-a-partner.md",
        chapter: "Add a funder",
        folder: "funder",
        placeholders: &[("<funder>", "example")],
        // Three of them are examples of responses that list all funders.
        max_files: 19,
    },
    Recipe {
        guide: "docs/adding-a-webhook.md",
        chapter: "Add a webhook",
        folder: "webhook",
        placeholders: &[
            ("<domain>", "mmob"),
            ("<partner>", "example"),
            ("<webhook>", "mmob-example-webhook"),
            ("<worker>", "mmob-example-apply"),
        ],
        // The request and the response of the API document are files, which a test sends and compares.
        max_files: 19,
    },
];

/// Fails while examples of responses are out of date, and writes fresh ones.
const TEST_EXAMPLES: &str = "cargo test -p operations --lib -- examples";
const RENEW_EXAMPLES: &str = "cp target/examples/operations/* functions/operations/examples/";
/// Those that list all funders.
const EXAMPLES: [&str; 3] = [
    "operations-health.200.json",
    "operations-health-api.200.json",
    "operations-metrics.200.json",
];
/// Fails while the API document is out of date, and writes a fresh one.
const TEST_DOCUMENT: &str = "cargo test -p tests -- openapi";
const RENEW_DOCUMENT: &str = "cp target/openapi.json functions/operations/openapi.json";
const DOCUMENT: &str = "functions/operations/openapi.json";

pub fn recipes(without: Option<&Path>) -> Result<()> {
    let workspace = Workspace::load()?;
    if let Some(file) = without.filter(|file| !workspace.root.join(file).is_file()) {
        return Err(format!("{} is not a file of a recipe", file.display()).into());
    }
    let mut progress = Progress::begin();
    run(&mut progress, &workspace, without)?;
    progress.close("cargo xtask recipes")
}

/// Leaves out the file `without` under infra/recipes, to show that a check notices.
pub fn run(progress: &mut Progress, workspace: &Workspace, without: Option<&Path>) -> Result<()> {
    let copy = workspace.target.join("recipes");
    progress.step("a copy of the tree", || {
        copy::make(workspace, &copy)?;
        // Git tells the checks of words and imports which files there are.
        let mut init = Command::new("git");
        init.args(["init", "--quiet"]).current_dir(&copy);
        process::run(init)
    })?;
    progress.step("the steps of the guides", || follow(&copy, without))?;
    let changed = Workspace {
        root: copy.clone(),
        target: workspace.target.clone(),
        domains: Vec::new(),
    };
    progress.attempt("recipes: words", || words::check(&changed));
    progress.attempt("recipes: imports", || imports::check(&changed));
    progress.attempt("recipes: rights", || rights::check(&changed, &Venv::ready(workspace)?));
    let cargo = |words: &str| {
        let mut words = words.split(' ');
        let mut cargo = workspace.cargo();
        cargo.args(words.by_ref().skip(1)).current_dir(&copy);
        // The tree's own target directory, which has the dependencies already.
        cargo.env("CARGO_TARGET_DIR", &workspace.target);
        cargo
    };
    let renew = |test: &str, renew: &str, unchanged: &str| {
        if process::run_logged(cargo(test), &workspace.target.join("recipes.log")).is_ok() {
            return Err(Failure::from(unchanged));
        }
        let mut command = Command::new("sh");
        command.args(["-c", renew]).current_dir(&copy);
        process::run(command)
    };
    progress.attempt(format!("recipes: {TEST_EXAMPLES}; {RENEW_EXAMPLES}"), || {
        renew(TEST_EXAMPLES, RENEW_EXAMPLES, "the new funder is in no example")
    });
    for check in [
        "cargo fmt --all --check",
        "cargo clippy --workspace --lib --bin operations-example --bin mmob-example-webhook --bin mmob-example-apply -- \
         --deny warnings",
        "cargo test -p partners-funders -p operations -p mmob --lib -- example entry:: every_funder_behaves",
    ] {
        progress.attempt(format!("recipes: {check}"), || process::run(cargo(check)));
    }
    progress.attempt(format!("recipes: {TEST_DOCUMENT}; {RENEW_DOCUMENT}"), || {
        let unchanged = "the new functions did not change the API document";
        renew(TEST_DOCUMENT, RENEW_DOCUMENT, unchanged)
    });
    let tests = "cargo test -p tests -- names:: routes:: template:: policies:: openapi:: settings:: stacks:: environment:: docs:: \
                 surface:: retention:: encryption:: pins::";
    progress.attempt(format!("recipes: {tests}"), || process::run(cargo(tests)));
    Ok(())
}

/// What a recipe has changed in the copy.
#[derive(Default)]
struct Touched {
    files: BTreeSet<String>,
    /// The lines that it has added, apart from those of the API document.
    lines: usize,
}

fn follow(copy: &Path, without: Option<&Path>) -> Result<()> {
    for recipe in &RECIPES {
        let (guide, chapter) = (recipe.guide, recipe.chapter);
        let page = files::read(&copy.join(guide))?;
        let steps = steps(&page, chapter).context(guide)?;
        let folder = PathBuf::from("infra/recipes").join(recipe.folder);
        let mut touched = Touched::default();
        for (number, text) in (1..).zip(&steps) {
            let step = folder.join(number.to_string());
            if copy.join(&step).is_dir() {
                follow_step(copy, &step, text, recipe, without, &mut touched)?;
            } else if text.contains(TEST_DOCUMENT) && text.contains(RENEW_DOCUMENT) {
                touched.files.insert(DOCUMENT.to_owned());
            } else if text.contains(TEST_EXAMPLES) && text.contains(RENEW_EXAMPLES) {
                touched.files.extend(EXAMPLES.map(str::to_owned));
            } else {
                return Err(format!(
                    "{guide} has step {number} under \"{chapter}\", but {} is missing",
                    step.display()
                )
                .into());
            }
        }
        if copy.join(&folder).join((steps.len() + 1).to_string()).exists() {
            return Err(format!("{guide} has fewer steps under \"{chapter}\" than {}", folder.display()).into());
        }
        let (files, lines) = (touched.files.len(), touched.lines);
        note(format!("{guide}: touches {files} files, adds {lines} lines"));
        if files > recipe.max_files {
            return Err(format!("{guide} may touch {} files", recipe.max_files).into());
        }
    }
    Ok(())
}

fn follow_step(
    copy: &Path,
    step: &Path,
    text: &str,
    recipe: &Recipe,
    without: Option<&Path>,
    touched: &mut Touched,
) -> Result<()> {
    let folder = copy.join(step);
    for file in copy::files_below(&folder)? {
        let path = file.strip_prefix(&folder).context("a recipe's file")?;
        let target = path.display().to_string();
        let target = target.trim_end_matches(".edit");
        if !is_named(text, recipe.placeholders, target) {
            return Err(format!(
                "{} does not name {target} in its step under \"{}\"",
                recipe.guide, recipe.chapter
            )
            .into());
        }
        if without != Some(step.join(path).as_path()) {
            let before = lines(&copy.join(target));
            copy::apply(&file, path, copy)?;
            touched.lines += lines(&copy.join(target)).saturating_sub(before);
            touched.files.insert(target.to_owned());
        }
    }
    Ok(())
}

/// The lines of a file. None if there is no file yet.
fn lines(file: &Path) -> usize {
    files::read(file).map_or(0, |text| text.lines().count())
}

/// The numbered paragraphs of a chapter.
fn steps(page: &str, chapter: &str) -> Result<Vec<String>> {
    let missing = || Failure::from(format!("no chapter \"{chapter}\""));
    let text = page.split_once(&format!("\n## {chapter}\n")).ok_or_else(missing)?.1;
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

/// Whether a step names a file, or its folder, between backticks.
fn is_named(step: &str, placeholders: &[(&str, &str)], path: &str) -> bool {
    let named = step.split('`').skip(1).step_by(2).map(|name| {
        placeholders
            .iter()
            .fold(name.to_owned(), |name, (word, value)| name.replace(word, value))
    });
    named
        .into_iter()
        .any(|name| path == name || (name.ends_with('/') && path.starts_with(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str =
        "# X\n\n## Add a thing\n\nFirst:\n\n1. `a/<thing>.rs` and\n   `b/`\n2. `c`\n\n## More\n\n3. no\n";

    #[test]
    fn a_chapters_steps_name_files() {
        let steps = steps(GUIDE, "Add a thing").unwrap();
        assert_eq!(steps, ["1. `a/<thing>.rs` and\n`b/`", "2. `c`"]);
        let named = |path| is_named(&steps[0], &[("<thing>", "it")], path);
        assert!(named("a/it.rs") && named("b/any/file"));
        assert!(!named("a/other.rs") && !named("c") && !named("bb"));
    }
}
