//! Runs the documents' `sam deploy` commands up to the point where SAM would call AWS.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, FromArgMatches};
use serde_json::{Value, json};

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::package::{Options, Package};
use crate::process;
use crate::settings::Settings;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// The file that the commands read.
const KEY_FILE: &str = "jwt.pub.pem";
const KEY: &str =
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B+/AQEF\nAAOCAQ8AMIIBCgKCAQEA==\n-----END PUBLIC KEY-----\n";
const DEPLOY: &str = "sam deploy ";
const PACKAGE: &str = "cargo xtask package ";
/// As the documents once had it: SAM ends the value at its first blank.
const UNQUOTED: &str = r#"sam deploy --config-env staging --parameter-overrides Stage=staging JwtPublicKey="$(awk '{printf "%s\\n",$0}' jwt.pub.pem)""#;
/// As the documents once had it: the parameters of the command line replace those of samconfig.toml.
const WITHOUT_STAGE: &str =
    r#"sam deploy --config-env live --parameter-overrides "JwtPublicKey=\"$(awk '{printf "%s\\n",$0}' jwt.pub.pem)\"""#;
/// A partner without https, whose host is another than that of a local stack.
const PLAIN_HTTP: &str = r#"sam deploy --config-env staging --parameter-overrides Stage=staging LexSandboxUrl=http://127.0.0.1.example.com/api \
    "JwtPublicKey=\"$(awk '{printf "%s\\n",$0}' jwt.pub.pem)\"""#;

pub fn check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let dir = workspace.target.join("overrides");
    prepare(&dir, workspace, venv)?;
    for (command, wanted) in [
        (UNQUOTED, "JwtPublicKey may not be"),
        (PLAIN_HTTP, "LexSandboxUrl may not be"),
        (WITHOUT_STAGE, "trunkline-live gets"),
    ] {
        let failure = follow(workspace, &dir, command)
            .err()
            .map(|failure| failure.to_string());
        if failure.as_ref().is_none_or(|failure| !failure.contains(wanted)) {
            return Err(format!("not refused: {command}\n{}", failure.unwrap_or_default()).into());
        }
    }
    let mut found = 0;
    for page in pages(&workspace.root)? {
        for command in commands(&files::read(&page)?) {
            follow(workspace, &dir, &command)
                .map_err(|failure| Failure::from(format!("{}: {command}\n{failure}", page.display())))?;
            found += usize::from(command.starts_with(DEPLOY));
        }
    }
    if found == 0 {
        return Err("no document has a `sam deploy` command".into());
    }
    Ok(())
}

/// Makes the folder in which the commands run: the tree as far as SAM reads it, and a `sam` that only reads it.
fn prepare(dir: &Path, workspace: &Workspace, venv: &Venv) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).context(dir.display())?;
    }
    files::make_dir(dir)?;
    for name in ["template.yaml", "samconfig.toml"] {
        fs::copy(workspace.root.join(name), dir.join(name)).context(name)?;
    }
    files::write(&dir.join(KEY_FILE), KEY)?;
    let script = format!(
        "#!/bin/sh\nexec '{}' '{}' \"$@\"\n",
        venv.tool("python").display(),
        workspace.root.join("infra/xtask/overrides.py").display(),
    );
    let sam = dir.join("sam");
    files::write(&sam, &script)?;
    fs::set_permissions(&sam, fs::Permissions::from_mode(0o755)).context(format!("{}", sam.display()))
}

/// Packages without a build, or checks what a deployment of a new stack would get.
fn follow(workspace: &Workspace, dir: &Path, command: &str) -> Result<()> {
    if let Some(options) = command.strip_prefix(PACKAGE) {
        let options = package_options(options)?;
        let package = Package::new(&workspace.root, &dir.join("target"), &options)?;
        return package.describe(&|_| true);
    }
    let deployed = run(dir, command)?;
    let stack = deployed.get("stack").and_then(Value::as_str).unwrap_or_default();
    let parameters = deployed.get("parameters").context("no parameters")?;
    let stage = stack.strip_prefix("trunkline-").context("the stack has another name")?;
    for setting in Settings::read(&workspace.root, stage)?.parameters {
        let (name, value) = setting.split_once('=').context("samconfig.toml")?;
        if parameters.get(name) != Some(&json!(value)) {
            return Err(format!("{stack} gets {parameters}, and samconfig.toml sets {setting}").into());
        }
    }
    // Without parameters a command is for a stack that has them already.
    let is_first = command.contains("--parameter-overrides");
    let key = parameters.get("JwtPublicKey");
    if is_first && (deployed.get("missing") != Some(&json!([])) || key != Some(&json!(KEY.replace('\n', "\\n")))) {
        return Err(format!("SAM reads {deployed}").into());
    }
    Ok(())
}

fn package_options(words: &str) -> Result<Options> {
    let parser = Options::augment_args(clap::Command::new("package").no_binary_name(true));
    let matches = parser.try_get_matches_from(words.split_whitespace()).context(PACKAGE)?;
    Options::from_arg_matches(&matches).context(PACKAGE)
}

fn run(dir: &Path, command: &str) -> Result<Value> {
    let written = dir.join("deployed.json");
    let _absent = fs::remove_file(&written);
    let mut shell = Command::new("sh");
    shell
        .current_dir(dir)
        .env("SAM_CLI_TELEMETRY", "0")
        .args(["-c", &format!("PATH=\"$PWD:$PATH\"; {command}")]);
    process::capture(shell)?;
    serde_json::from_str(&files::read(&written)?).context("overrides.py")
}

/// README and the pages of docs.
fn pages(root: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root.join("docs")).context("docs")?;
    let mut pages = vec![root.join("README.md")];
    for entry in entries {
        pages.push(entry.context("docs")?.path());
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    Ok(pages)
}

/// The commands of a page's code blocks that package or deploy, in their order.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        let joined = block.replace("\\\n", " ");
        let lines = joined
            .lines()
            .filter(|line| line.starts_with(DEPLOY) || line.starts_with(PACKAGE));
        commands.extend(lines.map(str::to_owned));
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_take_several_lines() {
        let page = "sam deploy here\n```sh\nsam build\nsam deploy --a \\\n  --b\n```\n`sam deploy c`\n```\ncargo xtask package d\n```\n";
        assert_eq!(commands(page), ["sam deploy --a    --b", "cargo xtask package d"]);
    }
}
