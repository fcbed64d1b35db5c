//! `package`: builds every function once, for one stage and one architecture, into a folder that `sam deploy -t` deploys and
//! an operator keeps. The folder has all that the deployment reads: what was built and what is deployed cannot differ.

mod manifest;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use sam_template::{FUNCTION, Template};
use serde_json::{Value, json};

use crate::architecture::Architecture;
use crate::build;
use crate::deployable::{Places, deployable};
use crate::failure::{Context, Result};
use crate::files;
use crate::progress::{Progress, note, print};
use crate::settings::Settings;
use crate::signals;
use crate::venv::Venv;
use crate::workspace::Workspace;

use manifest::Manifest;

const TEMPLATE: &str = "template.json";
const SAMCONFIG: &str = "samconfig.toml";
const FUNCTIONS: &str = "functions";
const STACKS: &str = "stacks";
/// The environment that SAM reads without `--config-env`.
const DEFAULT: &str = "default";

#[derive(Args)]
pub struct Options {
    /// The environment of samconfig.toml, such as live
    #[arg(long)]
    pub stage: String,
    /// The processor that the functions run on
    #[arg(long, value_enum)]
    pub arch: Architecture,
}

pub fn package(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let package = Package::new(&workspace.root, &workspace.target, options)?;
    let functions = package.folder.join(FUNCTIONS);
    let mut progress = Progress::begin();
    let venv = progress.step("Python tools", || Venv::ready(&workspace))?;
    progress.step("functions: cargo lambda build --release", || {
        package.clear()?;
        build::for_lambda(&workspace, &venv, options.arch, None, &functions)
    })?;
    let manifest = progress.step("template", || {
        let manifest = Manifest::of(&workspace, &options.stage, options.arch, &functions)?;
        package.describe(&|binary| manifest.functions.contains_key(binary))?;
        manifest.write(&package.folder)?;
        verify(&package.folder, options.arch)?;
        Ok(manifest)
    })?;
    signals::fail_if_interrupted()?;
    let folder = package.folder.strip_prefix(&workspace.root).unwrap_or(&package.folder);
    note(format!("{} functions of {}", manifest.functions.len(), manifest.commit));
    print(format!(
        "\nThe first time with the parameters that docs/deploying.md lists:\nsam deploy -t {}",
        folder.join(TEMPLATE).display()
    ));
    Ok(())
}

pub struct Package<'a> {
    root: &'a Path,
    pub folder: PathBuf,
    settings: Settings,
    options: &'a Options,
}

impl<'a> Package<'a> {
    /// Its folder is `package/<stage>-<arch>` below the target directory.
    pub fn new(root: &'a Path, target: &Path, options: &'a Options) -> Result<Self> {
        let name = format!("{}-{}", options.stage, options.arch.name());
        Ok(Self {
            root,
            folder: target.join("package").join(name),
            settings: Settings::read(root, &options.stage)?,
            options,
        })
    }

    fn clear(&self) -> Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder).context(self.folder.display())?;
        }
        files::make_dir(&self.folder)
    }

    /// Writes the templates and the settings of `sam deploy`, with paths that hold wherever the folder is.
    pub fn describe(&self, is_built: &dyn Fn(&str) -> bool) -> Result<()> {
        let template = Template::read(&self.root.join("template.yaml"))?;
        let stacks = self.folder.join(STACKS);
        files::make_dir(&stacks)?;
        let stack = |file: &str| {
            let name = Path::new(file).file_name().context(format!("{file} is not a file"))?;
            fs::copy(self.root.join(file), stacks.join(name)).context(file)?;
            Ok(Path::new(STACKS).join(name))
        };
        let package = |binary: &str| is_built(binary).then(|| Path::new(FUNCTIONS).join(binary));
        let places = Places {
            package: &package,
            stack: &stack,
        };
        let mut copy = deployable(&template, &places)?;
        self.pin(&mut copy)?;
        let text = serde_json::to_string_pretty(&copy).context(TEMPLATE)?;
        files::write(&self.folder.join(SAMCONFIG), &self.samconfig()?)?;
        files::write(&self.folder.join(TEMPLATE), &text)
    }

    /// The template deploys to its own stage, for the architecture that was built, and the parameters that samconfig.toml
    /// sets for the stage are its defaults: SAM drops those of samconfig.toml if the command line has parameters.
    fn pin(&self, template: &mut Value) -> Result<()> {
        let architectures = template.pointer_mut("/Globals/Function/Architectures");
        let architectures = architectures.context("template.yaml has no Architectures in its Globals")?;
        *architectures = json!([self.options.arch.name()]);
        let parameters = template.get_mut("Parameters").and_then(Value::as_object_mut);
        let parameters = parameters.context("template.yaml has no Parameters")?;
        parameters.remove("Architecture");
        for setting in &self.settings.parameters {
            let (name, value) = setting.split_once('=').context(format!("samconfig.toml: {setting}"))?;
            let parameter = parameters.get_mut(name).and_then(Value::as_object_mut);
            let parameter =
                parameter.context(format!("samconfig.toml sets {name}, which template.yaml does not have"))?;
            parameter.insert("Default".to_owned(), json!(value));
            if name == "Stage" {
                parameter.remove("AllowedPattern");
                parameter.insert("AllowedValues".to_owned(), json!([value]));
            }
        }
        Ok(())
    }

    /// The stage's part of samconfig.toml. SAM reads the file beside the template.
    fn samconfig(&self) -> Result<String> {
        let section = |environment: &str| format!("[{environment}.deploy.parameters]\n");
        let text = files::read(&self.settings.file)?;
        let (_, after) = text
            .split_once(&section(&self.options.stage))
            .context(format!("samconfig.toml: {}", self.options.stage))?;
        let settings = after.split("\n[").next().unwrap_or_default().trim_end();
        Ok(format!("version = 0.1\n\n{}{settings}\n", section(DEFAULT)))
    }
}

/// Reads the folder as SAM does: every function has its code, built for the architecture that the template names.
fn verify(folder: &Path, architecture: Architecture) -> Result<()> {
    Settings::read(folder, DEFAULT)?;
    let template = Template::read(&folder.join(TEMPLATE))?;
    let wanted = json!([architecture.name()]);
    if template.document.pointer("/Globals/Function/Architectures") != Some(&wanted) {
        return Err(format!("{TEMPLATE} is not for {}", architecture.name()).into());
    }
    for (name, function) in template.resources(FUNCTION) {
        if function.pointer("/Properties/Architectures").is_some() {
            return Err(format!("{name} has an architecture of its own").into());
        }
        let code = function.pointer("/Properties/CodeUri").and_then(Value::as_str);
        let bootstrap = folder
            .join(code.context(format!("{name} has no CodeUri"))?)
            .join("bootstrap");
        let binary = fs::read(&bootstrap).context(bootstrap.display())?;
        if Architecture::of_binary(&binary) != Some(architecture) {
            return Err(format!("{} is not a binary for {}", bootstrap.display(), architecture.name()).into());
        }
    }
    for (_, stack) in template.nested() {
        Template::read(&folder.join(stack))?;
    }
    Ok(())
}
