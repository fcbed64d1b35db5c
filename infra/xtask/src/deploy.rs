//! Brings the template and the packages onto the emulator: all of it with `sam deploy`, or changed code alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::build::Packages;
use crate::credentials::SECRETS;
use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::invoke;
use crate::names;
use crate::process;
use crate::progress::note;
use crate::settings::Settings;
use crate::template;
use crate::workspace::Workspace;

/// The emulator gives an API the id that this tag names, so a base URL survives `down` and `up`.
const API_ID_TAG: &str = "ms-custom-id=7a11c0de";
/// How many packages are sent at once.
const SENDERS: usize = 4;

pub struct Deployment<'a> {
    pub workspace: &'a Workspace,
    pub settings: &'a Settings,
    pub aws: &'a Aws<'a>,
    pub dir: &'a Path,
    /// `Name=value`, the machine's own; samconfig.toml has the rest.
    pub parameters: Vec<String>,
}

/// What is on the emulator, as remembered between two runs.
pub struct Deployed {
    /// The stack's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Each binary with the name of its function.
    pub functions: BTreeMap<String, String>,
}

impl Deployment<'_> {
    /// Deploys what differs from what is there. `fresh` says that the emulator has just been started.
    pub fn deploy(&self, packages: &Packages, fresh: bool) -> Result<Deployed> {
        let (text, recipe) = self.render()?;
        let before = if fresh { None } else { files::read_json(&self.record()) };
        let before = before.filter(|before| before.get("recipe").and_then(Value::as_str) == Some(recipe.as_str()));
        let deployed = match before {
            Some(before) => self.update_code(&before, packages)?,
            None => self.deploy_all(&text)?,
        };
        let record = json!({
            "recipe": recipe,
            "outputs": deployed.outputs,
            "functions": deployed.functions,
            "packages": packages,
        });
        files::write(&self.record(), &record.to_string())?;
        Ok(deployed)
    }

    /// The template to deploy, and a hash of all that a deployment depends on beside the code.
    fn render(&self) -> Result<(String, String)> {
        let root = &self.workspace.root;
        let original = files::read(&root.join("template.yaml"))?;
        let known = |binary: &str| {
            self.workspace
                .binaries()
                .any(|each| each == binary)
                .then(|| self.workspace.package_of(binary))
        };
        let text = template::deployable(&original, root, &known)?;
        let mut parts = vec![text.clone(), files::read(&self.settings.file)?];
        for nested in template::nested(&original) {
            parts.push(files::read(&root.join(nested))?);
        }
        parts.extend(self.parameters.iter().cloned());
        parts.extend(SECRETS.iter().map(|secret| secret.json()));
        Ok((text, files::sha256(parts.join("\0").as_bytes())))
    }

    fn deploy_all(&self, template: &str) -> Result<Deployed> {
        let file = self.dir.join("template.yaml");
        files::write(&file, template)?;
        // Until this ends well, nothing is known about what is on the emulator.
        let _absent = std::fs::remove_file(self.record());
        let mut sam = self.aws.command("sam")?;
        sam.current_dir(self.dir)
            .args(["deploy", "--no-progressbar", "--config-env", "local", "--config-file"])
            .arg(&self.settings.file)
            .arg("--template-file")
            .arg(&file)
            .args(["--tags", API_ID_TAG])
            .arg("--parameter-overrides")
            .args(self.settings.parameters.iter().chain(&self.parameters));
        process::run_logged(sam, &self.dir.join("log/sam.log"))?;
        self.seed()?;
        let deployed = Deployed {
            outputs: self.outputs()?,
            functions: self.functions()?,
        };
        invoke::write_variables(self.aws, &deployed.functions, &self.dir.join("env.json"))?;
        Ok(deployed)
    }

    /// Fills the partners' secrets, which the template makes empty.
    fn seed(&self) -> Result<()> {
        for secret in SECRETS {
            let id = format!("trunkline/{}/{}", self.settings.stage()?, secret.name);
            let value = secret.json();
            self.aws.call(&[
                "secretsmanager",
                "put-secret-value",
                "--secret-id",
                &id,
                "--secret-string",
                &value,
            ])?;
        }
        Ok(())
    }

    fn outputs(&self) -> Result<BTreeMap<String, String>> {
        let answer = self.aws.call(&[
            "cloudformation",
            "describe-stacks",
            "--stack-name",
            &self.settings.stack_name,
        ])?;
        let outputs = answer
            .pointer("/Stacks/0/Outputs")
            .and_then(Value::as_array)
            .context("the stack has no outputs")?;
        Ok(outputs
            .iter()
            .filter_map(|output| Some((text(output, "OutputKey")?, text(output, "OutputValue")?)))
            .collect())
    }

    fn functions(&self) -> Result<BTreeMap<String, String>> {
        let stack = &self.settings.stack_name;
        let answer = self
            .aws
            .call(&["cloudformation", "list-stack-resources", "--stack-name", stack])?;
        let resources = answer.pointer("/StackResourceSummaries").and_then(Value::as_array);
        let functions = resources
            .into_iter()
            .flatten()
            .filter(|resource| text(resource, "ResourceType").as_deref() == Some("AWS::Lambda::Function"));
        Ok(functions
            .filter_map(|function| {
                let binary = names::kebab(&text(function, "LogicalResourceId")?);
                Some((binary, text(function, "PhysicalResourceId")?))
            })
            .collect())
    }

    /// The template is unchanged: sends the packages that differ.
    fn update_code(&self, before: &Value, packages: &Packages) -> Result<Deployed> {
        let deployed = Deployed {
            outputs: map(before, "outputs"),
            functions: map(before, "functions"),
        };
        let sent = map(before, "packages");
        let changed: Vec<(&String, &String)> = deployed
            .functions
            .iter()
            .filter(|(binary, _)| sent.get(*binary) != packages.get(*binary))
            .collect();
        note(format!(
            "the template is unchanged, {} of {} functions are not",
            changed.len(),
            packages.len()
        ));
        for some in changed.chunks(SENDERS) {
            let outcomes: Vec<Result<()>> = thread::scope(|scope| {
                let senders: Vec<_> = some
                    .iter()
                    .map(|(binary, function)| scope.spawn(|| self.send(binary, function)))
                    .collect();
                let lost = || Err(Failure::from("a sender ended early"));
                senders
                    .into_iter()
                    .map(|sender| sender.join().unwrap_or_else(|_| lost()))
                    .collect()
            });
            outcomes.into_iter().collect::<Result<()>>()?;
        }
        Ok(deployed)
    }

    fn send(&self, binary: &str, function: &str) -> Result<()> {
        let folder = self.workspace.package_of(binary);
        let archive = self.dir.join(format!("{binary}.zip"));
        let mut zip = self.aws.command("python")?;
        zip.current_dir(folder)
            .args(["-m", "zipfile", "--create"])
            .arg(&archive)
            .arg("bootstrap");
        process::capture(zip)?;
        let file = format!("fileb://{}", archive.display());
        self.aws.call(&[
            "lambda",
            "update-function-code",
            "--function-name",
            function,
            "--zip-file",
            &file,
        ])?;
        std::fs::remove_file(&archive).context(archive.display())
    }

    fn record(&self) -> PathBuf {
        self.dir.join("deployed.json")
    }
}

fn text(of: &Value, member: &str) -> Option<String> {
    of.get(member)?.as_str().map(str::to_owned)
}

fn map(of: &Value, member: &str) -> BTreeMap<String, String> {
    let members = of.get(member).and_then(Value::as_object);
    members
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}
