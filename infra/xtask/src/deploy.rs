//! Deploys to the emulator: everything with `sam deploy`, or only the changed packages if the template is unchanged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sam_template::Template;
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::build::Packages;
use crate::code;
use crate::credentials::SECRETS;
use crate::deployable::emulated;
use crate::env_json;
use crate::failure::{Context, Result};
use crate::files;
use crate::names;
use crate::process;
use crate::progress::note;
use crate::settings::Settings;
use crate::workspace::Workspace;

/// The emulator gives the API the id in this tag, so the base URL stays the same after `down` and `up`.
const API_ID_TAG: &str = "ms-custom-id=7a11c0de";

pub struct Deployer<'a> {
    pub workspace: &'a Workspace,
    pub settings: &'a Settings,
    pub aws: &'a Aws,
    pub dir: &'a Path,
    /// The emulator's process id. A new emulator is empty and needs a full deployment.
    pub emulator: i32,
    /// `Name=value` of this machine. The other parameters are in samconfig.toml.
    pub parameters: Vec<String>,
}

/// The deployed stack, as recorded in deployed.json between two runs.
pub struct Deployed {
    pub outputs: BTreeMap<String, String>,
    /// Each binary with the name of its function.
    pub functions: BTreeMap<String, String>,
}

impl Deployer<'_> {
    /// Deploys only the differences.
    pub fn deploy(&self, packages: &Packages) -> Result<Deployed> {
        let (text, recipe) = self.render()?;
        let before = files::read_json(&self.record());
        let deployed = match before.filter(|before| before.get("recipe") == Some(&recipe.as_str().into())) {
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

    /// The template to deploy, and a hash of everything except the code that the deployment depends on.
    fn render(&self) -> Result<(String, String)> {
        let root = &self.workspace.root;
        let original = Template::read(&root.join("template.yaml"))?;
        let known = |binary: &str| {
            self.workspace
                .binaries()
                .any(|each| each == binary)
                .then(|| self.workspace.package_of(binary))
        };
        let text = emulated(&original, root, &known)?;
        let mut parts = vec![
            text.clone(),
            files::read(&self.settings.file)?,
            self.emulator.to_string(),
        ];
        for (_, nested) in original.nested() {
            parts.push(files::read(&root.join(nested))?);
        }
        parts.extend(self.parameters.iter().cloned());
        parts.extend(SECRETS.iter().map(|secret| secret.json()));
        Ok((text, files::sha256(parts.join("\0").as_bytes())))
    }

    fn deploy_all(&self, template: &str) -> Result<Deployed> {
        let file = self.dir.join("template.json");
        files::write(&file, template)?;
        // If this deployment fails, the record no longer matches the emulator.
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
            outputs: outputs(self.aws, &self.settings.stack_name)?,
            functions: self.functions()?,
        };
        env_json::write(self.aws, &deployed.functions, &self.dir.join("env.json"))?;
        Ok(deployed)
    }

    /// Fills the partners' secrets. The template creates them empty.
    fn seed(&self) -> Result<()> {
        for secret in SECRETS {
            let id = format!("trunkline/{}/{}", self.settings.stage_name()?, secret.name);
            let value = secret.json();
            self.aws.call(
                "secretsmanager put-secret-value",
                &[("secret-id", &id), ("secret-string", &value)],
            )?;
        }
        Ok(())
    }

    fn functions(&self) -> Result<BTreeMap<String, String>> {
        let stack = [("stack-name", self.settings.stack_name.as_str())];
        let answer = self.aws.call("cloudformation list-stack-resources", &stack)?;
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

    /// Uploads the changed packages, after an unchanged template.
    fn update_code(&self, before: &Value, packages: &Packages) -> Result<Deployed> {
        let deployed = Deployed {
            outputs: map(before, "outputs"),
            functions: map(before, "functions"),
        };
        let uploaded = map(before, "packages");
        let changed: Vec<(&String, &String)> = deployed
            .functions
            .iter()
            .filter(|(binary, _)| uploaded.get(*binary) != packages.get(*binary))
            .collect();
        let (some, all) = (changed.len(), packages.len());
        note(format!("the template is unchanged, {some} of {all} functions changed"));
        code::upload(self.workspace, self.aws, self.dir, &changed)?;
        Ok(deployed)
    }

    fn record(&self) -> PathBuf {
        self.dir.join("deployed.json")
    }
}

pub fn outputs(aws: &Aws, stack: &str) -> Result<BTreeMap<String, String>> {
    let answer = aws.call("cloudformation describe-stacks", &[("stack-name", stack)])?;
    let outputs = answer
        .pointer("/Stacks/0/Outputs")
        .and_then(Value::as_array)
        .context("the stack has no outputs")?;
    Ok(outputs
        .iter()
        .filter_map(|output| Some((text(output, "OutputKey")?, text(output, "OutputValue")?)))
        .collect())
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
