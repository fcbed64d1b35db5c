//! The Node tools: the packages of a folder's lock file, installed into a copy of the folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::progress::note;
use crate::workspace::Workspace;

const LOCK_FILE: &str = "package-lock.json";

pub struct Packages {
    folder: PathBuf,
}

impl Packages {
    /// Copies a folder of infra below the target directory, because npm installs packages beside the lock file. Installs
    /// them only when the lock file has changed.
    pub fn ready(workspace: &Workspace, name: &str) -> Result<Self> {
        let source = workspace.root.join("infra").join(name);
        let folder = workspace.target.join("node").join(name);
        let _lock = files::lock(
            &folder.with_extension("lock"),
            "another cargo xtask installs these Node packages",
        )?;
        let stamp = folder.with_extension("sha256");
        let wanted = files::sha256_of_file(&source.join(LOCK_FILE))?;
        let is_installed = files::read(&stamp).is_ok_and(|found| found == wanted);
        if !is_installed && folder.exists() {
            fs::remove_dir_all(&folder).context(folder.display())?;
        }
        copy(&source, &folder)?;
        if !is_installed {
            note(format!(
                "installing {LOCK_FILE} of infra/{name} into {}",
                folder.display()
            ));
            process::run_logged(install(&folder), &folder.with_extension("install.log"))?;
            files::write(&stamp, &wanted)?;
        }
        Ok(Self { folder })
    }

    /// The copy of the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command that a package brings.
    pub fn tool(&self, name: &str) -> Command {
        Command::new(self.folder.join("node_modules/.bin").join(name))
    }
}

fn copy(source: &Path, folder: &Path) -> Result<()> {
    files::make_dir(folder)?;
    for entry in fs::read_dir(source).context(source.display())? {
        let path = entry.context(source.display())?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, folder.join(name)).context(path.display())?;
        }
    }
    Ok(())
}

/// Takes only what the lock file names, by its hash, and runs no script of a package.
fn install(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder)
        .args(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_installs_what_is_locked_and_runs_no_script_of_a_package() {
        let words = process::words(&install(Path::new("folder")));
        assert!(words.starts_with("npm ci "), "{words}");
        assert!(words.contains(" --ignore-scripts "), "{words}");
    }
}
