//! The emulator's AWS: commands here see its address and invented credentials, and nothing of the person's, unless they
//! are given another one.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::failure::{Context, Result};
use crate::process;
use crate::venv::Venv;

/// The emulator's root credentials.
pub const ACCESS_KEY: &str = "test";
pub const SECRET_KEY: &str = "test";

pub struct Aws<'a> {
    venv: &'a Venv,
    /// Where tools look for `~/.aws`: a folder that has none.
    home: &'a Path,
    pub endpoint: String,
    pub region: &'a str,
}

impl<'a> Aws<'a> {
    pub fn at(port: u16, region: &'a str, venv: &'a Venv, home: &'a Path) -> Self {
        Self {
            venv,
            home,
            endpoint: format!("http://127.0.0.1:{port}"),
            region,
        }
    }

    /// A tool of the Python environment that can reach the emulator only.
    pub fn command(&self, tool: &str) -> Result<Command> {
        let mut command = Command::new(self.venv.tool(tool));
        command
            .env_clear()
            .env("PATH", self.venv.path()?)
            .env("HOME", self.home)
            .env("SAM_CLI_TELEMETRY", "0")
            // Seconds between two questions; the usual 5 are half of a deployment here.
            .env("SAM_CLI_POLL_DELAY", "0.5")
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_REGION", self.region)
            .env("AWS_DEFAULT_REGION", self.region)
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        Ok(command)
    }

    /// The AWS command line on the emulator.
    pub fn call(&self, operation: &str, options: &[(&str, &str)]) -> Result<Value> {
        call(self.command("aws")?, operation, options)
    }
}

/// Runs the AWS command line and reads what it prints: `call(aws, "lambda get-function", &[("function-name", name)])`.
pub fn call(mut command: Command, operation: &str, options: &[(&str, &str)]) -> Result<Value> {
    command.args(["--output", "json"]).args(operation.split(' '));
    for (name, value) in options {
        command.arg(format!("--{name}")).arg(value);
    }
    let printed = process::capture(command).context(operation)?;
    if printed.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&printed).context(operation)
}
