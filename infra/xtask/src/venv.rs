//! The Python tools: a virtual environment with the packages of requirements.txt, and commands that run in it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::process;
use crate::progress::note;
use crate::workspace::Workspace;

/// The oldest Python that the pins in requirements.txt install on.
const OLDEST: (u32, u32) = (3, 11);

#[derive(Clone)]
pub struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// Makes the environment if it is missing or requirements.txt has changed. `TRUNKLINE_VENV` moves it out of the work
    /// tree, so that CI keeps it between clones.
    pub fn ready(workspace: &Workspace) -> Result<Self> {
        let folder = env::var_os("TRUNKLINE_VENV").map_or_else(|| workspace.root.join(".venv"), PathBuf::from);
        let _lock = files::lock(
            &workspace.target.join("venv.lock"),
            "another cargo xtask is making the Python tools",
        )?;
        let requirements = workspace.root.join("requirements.txt");
        Self::made_from(&requirements, folder, &workspace.target.join("pip.log"))
    }

    /// Makes an environment from other requirements, in another folder.
    pub fn made_from(requirements: &Path, folder: PathBuf, log: &Path) -> Result<Self> {
        let venv = Self { folder };
        let wanted = files::sha256_of_file(requirements)?;
        if !venv.is_made_from(&wanted) {
            venv.make(requirements, log)?;
            files::write(&venv.stamp(), &wanted)?;
        }
        Ok(venv)
    }

    /// A tool of the environment: `python`, `sam`, `aws`, `cfn-lint`.
    pub fn tool(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// A tool with the environment first on its PATH: `sam build` looks for cargo-lambda there.
    pub fn command(&self, name: &str) -> Result<Command> {
        let mut command = Command::new(self.tool(name));
        command.env("PATH", self.path()?).env("SAM_CLI_TELEMETRY", "0");
        Ok(command)
    }

    pub fn path(&self) -> Result<OsString> {
        let usual = env::var_os("PATH").unwrap_or_default();
        let folders = [self.folder.join("bin")].into_iter().chain(env::split_paths(&usual));
        env::join_paths(folders).context("PATH")
    }

    fn stamp(&self) -> PathBuf {
        self.folder.join("requirements.sha256")
    }

    /// Checks the stamp and Python itself: the interpreter that the environment links to may be uninstalled.
    fn is_made_from(&self, wanted: &str) -> bool {
        let stamped = files::read(&self.stamp()).is_ok_and(|found| found == wanted);
        stamped && run_python(self.tool("python").as_os_str(), &["-c", ""]).is_ok()
    }

    fn make(&self, requirements: &Path, log: &Path) -> Result<()> {
        let version = run_python(
            OsStr::new("python3"),
            &["-c", "import sys; print(*sys.version_info[:2])"],
        )?;
        if number_pair(&version).is_none_or(|found| found < OLDEST) {
            let found = version.trim().replace(' ', ".");
            return Err(format!("python3 is {found}; {}.{} or newer is needed", OLDEST.0, OLDEST.1).into());
        }
        note(format!(
            "installing {} into {}",
            requirements.display(),
            self.folder.display()
        ));
        let mut make = Command::new("python3");
        make.args(["-m", "venv", "--clear"]).arg(&self.folder);
        process::run_logged(make, log).map_err(|failure| {
            Failure::from(format!(
                "{failure}\n(on Debian and Ubuntu the package python3-venv may be missing)"
            ))
        })?;
        process::run_logged(self.install(requirements), log)
    }

    /// Takes only the listed files. The list has every package, so pip need not follow what the packages ask for.
    fn install(&self, requirements: &Path) -> Command {
        let mut install = Command::new(self.tool("python"));
        install.args(["-m", "pip", "install", "--no-deps", "--require-hashes"]);
        install.args(["--disable-pip-version-check", "--no-input", "--progress-bar", "off"]);
        install.arg("--requirement").arg(requirements);
        install
    }
}

fn run_python(program: &OsStr, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    process::capture(command)
}

fn number_pair(printed: &str) -> Option<(u32, u32)> {
    let (major, minor) = printed.trim().split_once(' ')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_version_is_two_numbers() {
        assert_eq!(number_pair("3 11\n"), Some((3, 11)));
        assert!(number_pair("3 9\n") < Some(OLDEST));
        assert_eq!(number_pair("Python 3.11.7"), None);
    }

    #[test]
    fn pip_takes_only_files_whose_hash_is_listed() {
        let venv = Venv {
            folder: PathBuf::from("venv"),
        };
        let install = process::words(&venv.install(Path::new("requirements.txt")));
        assert!(
            install.starts_with("venv/bin/python -m pip install --no-deps --require-hashes "),
            "{install}"
        );
    }
}
