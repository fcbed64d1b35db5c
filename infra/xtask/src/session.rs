//! An operator's session on the stack of one stage: the local stack, or a stack on AWS.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::aws::Aws;
use crate::deploy;
use crate::failure::{Context, Result};
use crate::files;
use crate::settings::{self, Settings};
use crate::stack;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Seconds that the audit of an operator's act is kept: a yearly review looks back a year.
pub const AUDIT_RETENTION: i64 = 365 * 24 * 60 * 60;

pub struct Session {
    pub aws: Aws,
    pub outputs: BTreeMap<String, String>,
}

impl Session {
    /// `stack_dir` is the folder of a local stack; without one it is the stack of `cargo xtask up`.
    pub fn open(stage: &str, stack_dir: Option<&Path>) -> Result<Self> {
        let workspace = Workspace::load()?;
        let venv = Venv::ready(&workspace)?;
        let settings = Settings::read(&workspace.root, stage)?;
        let local = workspace.local_stack();
        let dir = stack_dir.unwrap_or(&local);
        files::make_dir(dir)?;
        let endpoint = match stage {
            settings::LOCAL => Some(stack::member(dir, "emulatorUrl")?),
            _ => None,
        };
        let aws = Aws::new(endpoint, &settings.region, &venv, dir);
        let outputs = deploy::outputs(&aws, &settings.stack_name)?;
        Ok(Self { aws, outputs })
    }

    pub fn output(&self, name: &str) -> Result<&str> {
        let found = self.outputs.get(name).map(String::as_str);
        found.context(format!("the stack has no output {name}"))
    }

    /// The operator's ARN, for the audit.
    pub fn operator(&self) -> Result<String> {
        let identity = self.aws.call("sts get-caller-identity", &[])?;
        let arn = identity.get("Arn").and_then(Value::as_str);
        Ok(arn.context("AWS returned no ARN of the caller")?.to_owned())
    }
}
