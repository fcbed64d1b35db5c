//! What cargo knows about this workspace: where it is, where it builds to, and which binaries are functions.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Result};
use crate::process;

pub struct Workspace {
    pub root: PathBuf,
    /// Cargo's own, so that `CARGO_TARGET_DIR` is honoured.
    pub target: PathBuf,
    /// The packages under functions/.
    pub domains: Vec<Domain>,
}

pub struct Domain {
    pub package: String,
    pub binaries: Vec<String>,
}

impl Workspace {
    pub fn load() -> Result<Self> {
        let mut command = cargo();
        command.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
        let described = process::capture(command).context("the workspace cannot be read")?;
        let described: Value = serde_json::from_str(&described).context("cargo metadata")?;
        let path = |member: &str| described.get(member).and_then(Value::as_str).map(PathBuf::from);
        let root = path("workspace_root").context("cargo metadata names no workspace_root")?;
        let target = path("target_directory").context("cargo metadata names no target_directory")?;
        let functions = root.join("functions");
        let domains = array(&described, "packages")
            .filter_map(|package| domain(package, &functions))
            .collect();
        Ok(Self { root, target, domains })
    }

    /// Cargo, in the workspace's root.
    pub fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    pub fn binaries(&self) -> impl Iterator<Item = &str> {
        self.domains
            .iter()
            .flat_map(|domain| &domain.binaries)
            .map(String::as_str)
    }

    /// Where a function's `bootstrap` lies, as `cargo lambda build` puts it.
    pub fn package_of(&self, binary: &str) -> PathBuf {
        self.target.join("lambda").join(binary)
    }
}

/// Cargo as a person would start it: without the variables that the cargo running this tool has set, because build
/// scripts that watch them (ring's does) would be built anew at every change between `cargo test` and `cargo xtask`.
fn cargo() -> Command {
    let mut command = Command::new("cargo");
    for (name, _) in env::vars_os() {
        let inherited = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "LD_LIBRARY_PATH"
        });
        if inherited {
            command.env_remove(name);
        }
    }
    command
}

fn domain(package: &Value, functions: &Path) -> Option<Domain> {
    let manifest = Path::new(package.get("manifest_path")?.as_str()?);
    if !manifest.starts_with(functions) {
        return None;
    }
    let binaries = array(package, "targets")
        .filter(|target| array(target, "kind").any(|kind| kind == "bin"))
        .filter_map(|target| target.get("name")?.as_str().map(str::to_owned))
        .collect();
    Some(Domain {
        package: package.get("name")?.as_str()?.to_owned(),
        binaries,
    })
}

fn array<'a>(of: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    of.get(member).and_then(Value::as_array).into_iter().flatten()
}
