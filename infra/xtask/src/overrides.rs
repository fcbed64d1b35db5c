//! Runs the documents' `sam deploy` commands up to the point where SAM has read their parameters.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sam_template::Template;
use serde_json::{Value, json};

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::process;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// The file that the commands read.
const KEY_FILE: &str = "jwt.pub.pem";
const KEY: &str =
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0B+/AQEF\nAAOCAQ8AMIIBCgKCAQEA==\n-----END PUBLIC KEY-----\n";
/// As the documents once had it: SAM ends the value at its first blank.
const UNQUOTED: &str =
    r#"sam deploy --parameter-overrides Stage=staging JwtPublicKey="$(awk '{printf "%s\\n",$0}' jwt.pub.pem)""#;
/// A partner without https, whose host is another than that of a local stack.
const PLAIN_HTTP: &str = r#"sam deploy --parameter-overrides Stage=staging LexSandboxUrl=http://127.0.0.1.example.com/api \
    "JwtPublicKey=\"$(awk '{printf "%s\\n",$0}' jwt.pub.pem)\"""#;

pub fn check(workspace: &Workspace, venv: &Venv) -> Result<()> {
    let dir = workspace.target.join("overrides");
    prepare(&dir, workspace, venv)?;
    for command in [UNQUOTED, PLAIN_HTTP] {
        if let Ok(parameters) = run(&dir, command) {
            return Err(format!("{command} is taken: {parameters}").into());
        }
    }
    let mut found = 0;
    for page in pages(&workspace.root)? {
        for command in commands(&files::read(&page)?) {
            let named = |failure: Failure| Failure::from(format!("{}: {command}\n{failure}", page.display()));
            let parameters = run(&dir, &command).map_err(named)?;
            if parameters.get("JwtPublicKey") != Some(&json!(KEY.replace('\n', "\\n"))) {
                return Err(named(format!("SAM reads {parameters}").into()));
            }
            found += 1;
        }
    }
    if found == 0 {
        return Err("no document has a `sam deploy` command".into());
    }
    Ok(())
}

/// Makes the folder in which the commands run, with a `sam` that only reads its parameters.
fn prepare(dir: &Path, workspace: &Workspace, venv: &Venv) -> Result<()> {
    files::make_dir(dir)?;
    let template = Template::read(&workspace.root.join("template.yaml"))?;
    let parameters = dir.join("parameters.json");
    files::write(&parameters, &template.section("Parameters").to_string())?;
    files::write(&dir.join(KEY_FILE), KEY)?;
    let script = format!(
        "#!/bin/sh\nexec '{}' '{}' '{}' \"$@\"\n",
        venv.tool("python").display(),
        workspace.root.join("infra/xtask/overrides.py").display(),
        parameters.display()
    );
    let sam = dir.join("sam");
    files::write(&sam, &script)?;
    fs::set_permissions(&sam, fs::Permissions::from_mode(0o755)).context(format!("{}", sam.display()))
}

fn run(dir: &Path, command: &str) -> Result<Value> {
    let mut shell = Command::new("sh");
    shell
        .current_dir(dir)
        .args(["-c", &format!("PATH=\"$PWD:$PATH\"; {command}")]);
    serde_json::from_str(&process::capture(shell)?).context("overrides.py")
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

/// The `sam deploy` commands of a page's code blocks.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.split("```").skip(1).step_by(2) {
        let joined = block.replace("\\\n", " ");
        let lines = joined.lines().filter(|line| line.starts_with("sam deploy "));
        commands.extend(lines.map(str::to_owned));
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_take_several_lines() {
        let page = "sam deploy here\n```sh\nsam build\nsam deploy --a \\\n  --b\n```\n`sam deploy c`\n```\nsam deploy d\n```\n";
        assert_eq!(commands(page), ["sam deploy --a    --b", "sam deploy d"]);
    }
}
