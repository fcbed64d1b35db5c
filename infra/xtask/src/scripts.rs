//! Scripts in other languages: copied below the target directory, with the packages that they need beside them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::progress::note;

/// A folder of scripts, the file in it that pins what they need, and how that is installed.
pub struct Script {
    pub name: &'static str,
    pub pins: &'static str,
    pub install: fn(&Path) -> Command,
}

impl Script {
    /// Copies the scripts into `folder` and installs what they need, the latter only when its pins have changed.
    pub fn ready(&self, from: &Path, folder: &Path) -> Result<()> {
        let stamp = folder.with_extension("sha256");
        let wanted = files::sha256_of_file(&from.join(self.pins))?;
        let stands = files::read(&stamp).is_ok_and(|found| found == wanted);
        if !stands && folder.exists() {
            fs::remove_dir_all(folder).context(folder.display())?;
        }
        files::make_dir(folder)?;
        for found in fs::read_dir(from).context(from.display())? {
            let found = found.context(from.display())?.path();
            if let Some(name) = found.file_name().filter(|_| found.is_file()) {
                fs::copy(&found, folder.join(name)).context(found.display())?;
            }
        }
        if stands {
            return Ok(());
        }
        note(format!("installing {} into {}", self.pins, folder.display()));
        process::run_logged((self.install)(folder), &folder.with_extension("install.log"))?;
        files::write(&stamp, &wanted)
    }
}

pub fn npm(folder: &Path) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(folder)
        .args(["ci", "--omit=dev", "--no-audit", "--no-fund"]);
    npm
}

pub fn pip(folder: &Path) -> Command {
    let mut pip = Command::new("python3");
    pip.current_dir(folder)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"])
        .args([
            "--progress-bar",
            "off",
            "--requirement",
            "requirements.txt",
            "--target",
            ".",
        ]);
    pip
}
