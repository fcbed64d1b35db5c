//! AWS: the emulator's, of which commands see the address and invented credentials and nothing of the person's, or the
//! account that the person's shell is signed in to.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Result};
use crate::files;
use crate::process;
use crate::settings;
use crate::stack;
use crate::venv::Venv;

/// The emulator's root credentials.
pub const ACCESS_KEY: &str = "test";
pub const SECRET_KEY: &str = "test";

pub struct Aws<'a> {
    venv: &'a Venv,
    pub region: &'a str,
    /// Of the emulator; AWS itself is found without.
    pub endpoint: Option<String>,
    /// The tool's own. The emulator's commands look for `~/.aws` there, and find none.
    folder: &'a Path,
}

impl<'a> Aws<'a> {
    /// The emulator's at `endpoint`; without one the person's, by their own credentials.
    pub fn at(endpoint: Option<String>, region: &'a str, venv: &'a Venv, folder: &'a Path) -> Self {
        Self {
            venv,
            region,
            endpoint,
            folder,
        }
    }

    /// A stage's: local is the emulator's of the stack in `folder`, every other the person's.
    pub fn of_stage(stage: &str, region: &'a str, venv: &'a Venv, folder: &'a Path) -> Result<Self> {
        let endpoint = match stage {
            settings::LOCAL => Some(stack::described(folder, "emulatorUrl")?),
            _ => None,
        };
        Ok(Self::at(endpoint, region, venv, folder))
    }

    /// A tool of the Python environment that can reach this AWS only.
    pub fn command(&self, tool: &str) -> Result<Command> {
        let mut command = Command::new(self.venv.tool(tool));
        match &self.endpoint {
            Some(endpoint) => {
                command
                    .env_clear()
                    .env("HOME", self.folder)
                    // Seconds between two questions; the usual 5 are half of a deployment here.
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
            .env("AWS_REGION", self.region)
            .env("AWS_DEFAULT_REGION", self.region);
        Ok(command)
    }

    /// Runs the AWS command line and reads what it prints: `call("lambda get-function", &[("function-name", name)])`.
    pub fn call(&self, operation: &str, options: &[(&str, &str)]) -> Result<Value> {
        let mut command = self.command("aws")?;
        command.args(["--output", "json"]);
        // The command line looks for SQS at an address of its own, whatever the environment says.
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

    /// The same with all that is asked in one document. It does not stand in the command line, where everybody on the
    /// machine could read it, and which it could be too long for.
    pub fn ask(&self, operation: &str, document: &Value) -> Result<Value> {
        let file = self.folder.join(format!("ask-{}.json", std::process::id()));
        files::write_private(&file, document)?;
        let answer = self.call(operation, &[("cli-input-json", &format!("file://{}", file.display()))]);
        fs::remove_file(&file).context(file.display())?;
        answer
    }
}
