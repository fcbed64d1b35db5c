//! One environment of samconfig.toml. The tool reads `sam deploy`'s settings there instead of repeating them.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::failure::{Context, Result};
use crate::files;

/// The environment that deploys to the emulator on this machine.
pub const LOCAL: &str = "local";

pub struct Settings {
    pub file: PathBuf,
    pub stack_name: String,
    pub region: String,
    /// `Name=value`, as in the file. Parameters on sam's command line replace all parameters of the file, so the tool
    /// passes these together with the machine's own.
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

    pub fn stage_name(&self) -> Result<&str> {
        self.parameters
            .iter()
            .find_map(|parameter| parameter.strip_prefix("Stage="))
            .context("samconfig.toml sets no Stage")
    }
}
