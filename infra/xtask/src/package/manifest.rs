//! What a package was made of, so that an operator knows which one to go back to.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::architecture::Architecture;
use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::workspace::Workspace;

pub struct Manifest {
    stage: String,
    architecture: &'static str,
    /// The commit, after the newest tag and the number of commits since if there is one. It ends in `-dirty` if the tree has
    /// changes that are in no commit.
    pub commit: String,
    rustc: String,
    /// The SHA-256 of each function's `bootstrap`.
    pub functions: BTreeMap<String, String>,
}

impl Manifest {
    /// `functions` is the folder with the folders of the functions.
    pub fn of(workspace: &Workspace, stage: &str, architecture: Architecture, functions: &Path) -> Result<Self> {
        let functions = workspace.binaries().map(|binary| {
            let bootstrap = functions.join(binary).join("bootstrap");
            Ok((binary.to_owned(), files::sha256_of_file(&bootstrap)?))
        });
        Ok(Self {
            stage: stage.to_owned(),
            architecture: architecture.name(),
            commit: first_line(
                &workspace.root,
                "git",
                &["describe", "--tags", "--always", "--dirty", "--abbrev=40"],
            )?,
            rustc: first_line(&workspace.root, "rustc", &["--version"])?,
            functions: functions.collect::<Result<_>>()?,
        })
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let written = json!({
            "stage": self.stage,
            "architecture": self.architecture,
            "commit": self.commit,
            "rustc": self.rustc,
            "functions": self.functions,
        });
        let text = serde_json::to_string_pretty(&written).context("manifest.json")?;
        files::write(&folder.join("manifest.json"), &format!("{text}\n"))
    }
}

/// The first line that a program prints in the work tree.
fn first_line(root: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command.current_dir(root).args(arguments);
    let printed = process::capture(command)?;
    Ok(printed.lines().next().unwrap_or_default().to_owned())
}
