//! The cargo workspace: its root, its target directory, and the binaries that are functions.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Result};
use crate::process;

pub struct Workspace {
    pub root: PathBuf,
    /// As cargo reports it, so that `CARGO_TARGET_DIR` is honoured.
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

    /// The folder of the stack that `cargo xtask up` starts.
    pub fn local_stack(&self) -> PathBuf {
        self.target.join("local")
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

    /// The folder of a function's `bootstrap`, as `cargo lambda build` lays it out.
    pub fn package_of(&self, binary: &str) -> PathBuf {
        self.target.join("lambda").join(binary)
    }
}

/// Cargo as a shell would start it: without the variables that the cargo running this tool has set. Build scripts that
/// watch them (ring's does) would otherwise rebuild after every change between `cargo test` and `cargo xtask`.
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
