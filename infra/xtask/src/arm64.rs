//! Builds one function for arm64, which Lambda runs if a deployment does not say otherwise, and lets it answer a quote: it
//! verifies a token, and speaks TLS and DynamoDB.

use std::path::Path;
use std::process::Command;

use crate::architecture::Architecture;
use crate::bench;
use crate::build;
use crate::failure::{Context, Result};
use crate::process;
use crate::progress::note;
use crate::venv::Venv;
use crate::workspace::Workspace;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const FUNCTION: &str = "funders-quote-generate";
const EMULATOR: &str = "qemu-aarch64";
/// Debian's C library for arm64.
const LIBRARIES: &str = "/usr/aarch64-linux-gnu";

/// Passes where the machine lacks what this needs, and names it.
pub fn check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let front = match front(workspace) {
        Ok(front) => front,
        Err(missing) => {
            note(format!("NOT CHECKED: {missing}"));
            return Ok(());
        }
    };
    let folder = workspace.target.join("arm64");
    build::for_lambda(workspace, venv, Architecture::Arm64, Some(FUNCTION), &folder)?;
    bench::answer(workspace, &folder.join(FUNCTION).join("bootstrap"), &front)
}

/// What runs a program for arm64 on this machine. Installs Rust's library for it, if rustup can.
fn front(workspace: &Workspace) -> Result<Vec<&'static str>> {
    if Architecture::of_this_machine()? == Architecture::Arm64 {
        return Ok(Vec::new());
    }
    let mut version = Command::new(EMULATOR);
    version.arg("--version");
    process::capture(version).context("`apt-get install qemu-user` installs what runs it")?;
    if !Path::new(LIBRARIES).is_dir() {
        return Err(format!("{LIBRARIES} is missing: `apt-get install libc6-arm64-cross` installs it").into());
    }
    let mut target = Command::new("rustup");
    target.current_dir(&workspace.root).args(["target", "add", TARGET]);
    process::capture(target).context("rustup cannot install Rust's library")?;
    Ok(vec![EMULATOR, "-L", LIBRARIES])
}
