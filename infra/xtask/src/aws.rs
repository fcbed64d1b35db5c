//! The AWS command line, pointed at the emulator or at the AWS account of the operator's shell.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::venv::Venv;

/// The emulator's root credentials.
pub const ACCESS_KEY: &str = "test";
pub const SECRET_KEY: &str = "test";

pub struct Aws {
    venv: Venv,
    pub region: String,
    /// The emulator's address. None means AWS itself, with the credentials of the operator's shell.
    pub endpoint: Option<String>,
    /// HOME of commands that call the emulator, so that they find no `~/.aws`. It also holds their input files.
    folder: PathBuf,
}

impl Aws {
    pub fn new(endpoint: Option<String>, region: &str, venv: &Venv, folder: &Path) -> Self {
        Self {
            venv: venv.clone(),
            region: region.to_owned(),
            endpoint,
            folder: folder.to_owned(),
        }
    }

    /// A tool of the Python environment that can reach this AWS only. For the emulator it inherits nothing of the shell.
    pub fn command(&self, tool: &str) -> Result<Command> {
        let mut command = Command::new(self.venv.tool(tool));
        match &self.endpoint {
            Some(endpoint) => {
                command
                    .env_clear()
                    .env("HOME", &self.folder)
                    // Seconds between two polls. The default of 5 takes half of a local deployment's time.
                    .env("SAM_CLI_POLL_DELAY", "0.5")
                    .env("AWS_ENDPOINT_URL", endpoint)
                    .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
                    .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
                    .env("AWS_EC2_METADATA_DISABLED", "true");
            }
            None => {
                command.env_remove("AWS_ENDPOINT_URL");
            }
        }
        command
            .env("PATH", self.venv.path()?)
            .env("SAM_CLI_TELEMETRY", "0")
            .env("AWS_REGION", &self.region)
            .env("AWS_DEFAULT_REGION", &self.region);
        Ok(command)
    }

    /// Runs the AWS command line and parses its output: `call("lambda get-function", &[("function-name", name)])`.
    pub fn call(&self, operation: &str, options: &[(&str, &str)]) -> Result<Value> {
        let mut command = self.command("aws")?;
        command.args(["--output", "json"]);
        // For SQS the command line ignores AWS_ENDPOINT_URL and uses an address of its own.
        command.args(self.endpoint.iter().flat_map(|endpoint| ["--endpoint-url", endpoint]));
        command.args(operation.split(' '));
        for (name, value) in options {
            command.arg(format!("--{name}")).arg(value);
        }
        let printed = process::capture(command).context(operation)?;
        if printed.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&printed).context(operation)
    }

    /// [`Aws::call`] with its whole input in a private file: every user of the machine can read a command line, and a
    /// command line has a maximum length.
    pub fn call_with_input(&self, operation: &str, input: &Value) -> Result<Value> {
        let file = self.folder.join(format!("input-{}.json", std::process::id()));
        files::write_private(&file, input)?;
        let answer = self.call(operation, &[("cli-input-json", &format!("file://{}", file.display()))]);
        fs::remove_file(&file).context(file.display())?;
        answer
    }
}
