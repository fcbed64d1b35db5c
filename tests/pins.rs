//! What comes from a package registry is pinned, with the hash of its file, and advisories.yml asks about it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::docs::files_below;
use crate::template::{members, root};

const ADVISORIES: &str = ".github/workflows/advisories.yml";
const FOLDERS: [&str; 7] = [".ci", ".github", "docs", "functions", "infra", "shared", "tests"];

/// The tree's files, by their paths from the root.
fn files() -> Vec<(String, PathBuf)> {
    let at_root = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let below = FOLDERS.iter().flat_map(|folder| files_below(&root().join(folder)));
    let files = at_root.filter(|path| path.is_file()).chain(below);
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        (name, path)
    };
    files.map(named).collect()
}

fn called(name: &str) -> Vec<(String, PathBuf)> {
    let is_called = |(path, _): &(String, PathBuf)| Path::new(path).file_name().unwrap() == name;
    files().into_iter().filter(is_called).collect()
}

/// The requirements of a file, each with its hashes on one line.
fn requirements(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap().replace("\\\n", " ");
    let lines = text.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_python_package_has_a_version_and_hashes() {
    let lists = called("requirements.txt");
    assert_eq!(lists.len(), 4);
    for (name, file) in lists {
        for requirement in requirements(&file) {
            assert!(requirement.contains("=="), "{name}: {requirement}");
            assert!(requirement.contains(" --hash=sha256:"), "{name}: {requirement}");
        }
    }
}

/// Without its extra, which the list spells out.
#[test]
fn a_list_has_the_packages_that_it_was_made_from() {
    let sources = called("requirements.in");
    assert_eq!(sources.len(), called("requirements.txt").len());
    for (name, file) in sources {
        let list = requirements(&file.with_extension("txt"));
        for pin in requirements(&file) {
            let (package, version) = pin.split_once("==").unwrap();
            let package = package.split('[').next().unwrap();
            let wanted = format!("{package}=={version} ");
            assert!(
                list.iter().any(|listed| listed.starts_with(&wanted)),
                "{name}: {pin} is not in the list"
            );
        }
    }
}

#[test]
fn pip_is_never_run_without_hashes() {
    let mut found = 0;
    for (name, file) in files().into_iter().filter(|(name, _)| !name.ends_with(".rs")) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for line in text
            .lines()
            .filter(|line| line.contains("pip install") || line.contains("pip\" install"))
        {
            assert!(line.contains(" --require-hashes "), "{name}: {line}");
            found += 1;
        }
    }
    assert!(found >= 2, "found {found}");
}

#[test]
fn every_npm_package_has_a_hash() {
    let locks = called("package-lock.json");
    assert_eq!(locks.len(), 4);
    for (name, file) in locks {
        let lock: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let packages: Vec<_> = members(&lock["packages"])
            .filter(|(path, _)| !path.is_empty())
            .collect();
        assert!(!packages.is_empty(), "{name}");
        for (path, package) in packages {
            assert!(package["integrity"].is_string(), "{name}: {path}");
        }
    }
}

#[test]
fn advisories_are_looked_up_for_every_lock_file() {
    let workflow = fs::read_to_string(root().join(ADVISORIES)).unwrap();
    for lock in ["Cargo.lock", "package-lock.json", "requirements.txt"] {
        for (name, _) in called(lock) {
            let steps = workflow
                .lines()
                .filter(|line| line.trim_start().starts_with("- name: "));
            let mut named = steps.flat_map(|line| line.split([' ', ',']));
            assert!(named.any(|word| word == name), "{ADVISORIES} does not name {name}");
        }
    }
}

/// A tag can be moved to another commit.
#[test]
fn workflows_pin_actions_by_commit_and_may_only_read() {
    for (name, file) in files()
        .iter()
        .filter(|(name, _)| name.starts_with(".github/workflows/"))
    {
        let text = fs::read_to_string(file).unwrap();
        let uses = text.lines().filter_map(|line| line.split_once("uses: "));
        for (_, action) in uses {
            let (_, pinned) = action.split_once('@').unwrap();
            let commit = pinned.split(' ').next().unwrap();
            let is_commit = commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
            assert!(is_commit, "{name}: {action}");
        }
        assert!(text.contains("\npermissions:\n  contents: read\n"), "{name}");
        assert_eq!(text.matches("permissions:").count(), 1, "{name}");
    }
}
