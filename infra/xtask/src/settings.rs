//! An environment of samconfig.toml: what `sam deploy` is told there, the tool does not say again.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::failure::{Context, Result};
use crate::files;

/// The one that is this machine.
pub const LOCAL: &str = "local";

pub struct Settings {
    pub file: PathBuf,
    pub stack_name: String,
    pub region: String,
    /// `Name=value`, as in the file. A parameter given on sam's command line replaces all of them, so they are
    /// handed over together with the machine's own.
    pub parameters: Vec<String>,
}

impl Settings {
    pub fn read(root: &Path, environment: &str) -> Result<Self> {
        let file = root.join("samconfig.toml");
        let table: Table = files::read(&file)?.parse().context("samconfig.toml")?;
        let deployed = [environment, "deploy", "parameters"]
            .into_iter()
            .try_fold(&table, |inner, name| inner.get(name)?.as_table())
            .context(format!("samconfig.toml has no [{environment}.deploy.parameters]"))?;
        let text = |name: &str| {
            let found = deployed.get(name).and_then(|value| value.as_str()).map(str::to_owned);
            found.context(format!("samconfig.toml: {environment} has no {name}"))
        };
        let parameters = deployed.get("parameter_overrides").and_then(|value| value.as_array());
        Ok(Self {
            stack_name: text("stack_name")?,
            region: text("region")?,
            parameters: parameters
                .into_iter()
                .flatten()
                .filter_map(|each| each.as_str().map(str::to_owned))
                .collect(),
            file,
        })
    }

    pub fn stage(&self) -> Result<&str> {
        self.parameters
            .iter()
            .find_map(|parameter| parameter.strip_prefix("Stage="))
            .context("samconfig.toml sets no Stage")
    }
}
