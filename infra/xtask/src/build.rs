//! Builds the functions and the partner simulators, and lays out each function as a Lambda package.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::workspace::Workspace;

/// Each function's binary with the SHA-256 of its `bootstrap`.
pub type Packages = BTreeMap<String, String>;

/// Builds every function with one cargo call: `sam build` would start cargo once for each function.
pub fn functions(workspace: &Workspace) -> Result<Packages> {
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--bins"]);
    for domain in &workspace.domains {
        build.args(["--package", &domain.package]);
    }
    process::run(build)?;
    workspace.binaries().map(|binary| package(workspace, binary)).collect()
}

/// Builds the readers whose instructions the guard counts.
pub fn readers(workspace: &Workspace) -> Result<()> {
    let mut build = workspace.cargo();
    build.args(["build", "--release", "--package", "readers"]);
    process::run(build)
}

/// Builds the partner simulators and returns their binary.
pub fn simulators(workspace: &Workspace) -> Result<PathBuf> {
    let mut build = workspace.cargo();
    build.args(["build", "--package", "simulators"]);
    process::run(build)?;
    Ok(workspace.target.join("debug").join("simulators"))
}

fn package(workspace: &Workspace, binary: &str) -> Result<(String, String)> {
    let built = workspace.target.join("release").join(binary);
    let hash = files::sha256_of_file(&built)?;
    let folder = workspace.package_of(binary);
    files::make_dir(&folder)?;
    let bootstrap = folder.join("bootstrap");
    if !files::sha256_of_file(&bootstrap).is_ok_and(|packaged| packaged == hash) {
        fs::copy(&built, &bootstrap).context(bootstrap.display())?;
    }
    Ok((binary.to_owned(), hash))
}
