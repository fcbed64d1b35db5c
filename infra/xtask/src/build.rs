//! Builds the functions and the partner simulators, and lays out each function as a Lambda package.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::architecture::Architecture;
use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::venv::Venv;
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

/// Builds functions for Lambda with one call of cargo-lambda, which `sam build` calls for each function. `only` is one binary
/// instead of all. Each `bootstrap` gets a folder of its binary's name.
pub fn for_lambda(
    workspace: &Workspace,
    venv: &Venv,
    architecture: Architecture,
    only: Option<&str>,
    folder: &Path,
) -> Result<()> {
    let mut build = workspace.cargo();
    build
        .env("PATH", venv.path()?)
        .args(["lambda", "build", "--release", "--locked", architecture.option()])
        .args(["--config", &without_this_machine()?])
        .arg("--lambda-dir")
        .arg(folder);
    match only {
        Some(binary) => build.args(["--bin", binary]),
        None => build.arg("--bins"),
    };
    for domain in &workspace.domains {
        if only.is_none_or(|binary| domain.binaries.iter().any(|each| each == binary)) {
            build.args(["--package", &domain.package]);
        }
    }
    process::run(build)
}

/// Panic messages name source files. Those of crates are below the home of the person who builds.
fn without_this_machine() -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registry = home.context("there is no home folder")?.join("registry/src");
    let flag = format!("--remap-path-prefix={}=registry", registry.display());
    Ok(format!("build.rustflags={}", json!([flag])))
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
