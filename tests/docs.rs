//! README and docs: their length, their links, and the files that they name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::template::root;

const MAX_README_LINES: usize = 140;
/// The page that says what a spec is. The specs are not in the tree, so no other page leads a reader to one.
const SPECS: &str = "docs/architecture.md";
/// Folders whose files the pages name from the root of the tree.
const FOLDERS: [&str; 6] = ["docs/", "events/", "functions/", "infra/", "shared/", "tests/"];

pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.is_dir() {
        true => files_below(&path),
        false => vec![path],
    };
    entries.flat_map(below).collect()
}

/// Every page for people, with its text outside code blocks.
fn pages() -> Vec<(PathBuf, String)> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let at_root = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let files = at_root.chain(files_below(&root().join("docs"))).filter(is_page);
    files
        .map(|file| (file.clone(), prose(&fs::read_to_string(&file).unwrap())))
        .collect()
}

fn prose(page: &str) -> String {
    let mut in_code = false;
    let mut kept = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code {
            kept.extend([line, "\n"]);
        }
    }
    kept
}

/// The fragment with which GitHub links to a heading.
fn fragment(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars()
        .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
        .collect()
}

fn has_heading(page: &Path, wanted: &str) -> bool {
    let text = prose(&fs::read_to_string(page).unwrap());
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let mut fragments = headings.map(|line| fragment(line.trim_start_matches('#').trim()));
    fragments.any(|found| found == wanted)
}

#[test]
fn the_readme_is_short() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(
        lines <= MAX_README_LINES,
        "README.md has {lines} lines: move something to docs"
    );
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut found = 0;
    for (page, text) in pages() {
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match path {
                "" => page.clone(),
                path => page.parent().unwrap().join(path),
            };
            assert!(target.exists(), "{}: {link}", page.display());
            assert!(
                heading.is_empty() || has_heading(&target, heading),
                "{}: {link}",
                page.display()
            );
            found += 1;
        }
    }
    assert!(found > 10, "{found} links");
}

#[test]
fn no_page_cites_a_spec_that_is_not_in_the_tree() {
    let mut cited = Vec::new();
    for (page, text) in pages() {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        let specs = words.filter(|word| word == "spec" || word == "specs").count();
        if specs > 0 {
            cited.push(page.strip_prefix(root()).unwrap().to_owned());
        }
    }
    assert_eq!(cited, [PathBuf::from(SPECS)]);
}

#[test]
fn every_command_of_the_tool_that_a_page_names_exists() {
    let main = fs::read_to_string(root().join("infra/xtask/src/main.rs")).unwrap();
    let task = main.split("enum Task {").nth(1).unwrap().split("\n}\n").next().unwrap();
    let variants = task.lines().filter_map(|line| line.strip_prefix("    "));
    let commands: Vec<String> = variants
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(|line| line.split(['(', ' ', ',']).next().unwrap().to_lowercase())
        .collect();
    let mut found = 0;
    for entry in files_below(&root().join("docs"))
        .into_iter()
        .chain([root().join("README.md"), root().join("CONTRIBUTING.md")])
    {
        let text = fs::read_to_string(&entry).unwrap();
        for rest in text.split("cargo xtask ").skip(1) {
            let command: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            assert!(
                commands.contains(&command) || command.is_empty(),
                "{}: cargo xtask {command}",
                entry.display()
            );
            found += 1;
        }
    }
    assert!(found > 30, "{found} commands");
}

#[test]
fn every_file_that_a_page_names_exists() {
    for (page, text) in pages() {
        let spans = text.split('`').skip(1).step_by(2);
        let is_path =
            |span: &&str| FOLDERS.iter().any(|folder| span.starts_with(folder)) && !span.contains(['<', '*', ' ', '{']);
        for path in spans.filter(is_path) {
            assert!(root().join(path).exists(), "{}: {path}", page.display());
        }
    }
}
