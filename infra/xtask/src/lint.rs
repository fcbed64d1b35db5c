//! The linters of the API document. infra/lint has their rules.

use crate::failure::Result;
use crate::node::Packages;
use crate::process;
use crate::progress::Progress;
use crate::workspace::Workspace;

pub const API_DOCUMENT: &str = "functions/operations/openapi.json";

pub fn check(progress: &mut Progress, workspace: &Workspace) -> Result<()> {
    let packages = progress.step("Node tools", || Packages::ready(workspace, "lint"))?;
    progress.attempt("redocly", || redocly(workspace, &packages));
    progress.attempt("spectral", || spectral(workspace, &packages));
    Ok(())
}

fn redocly(workspace: &Workspace, packages: &Packages) -> Result<()> {
    let mut command = packages.tool("redocly");
    command
        .current_dir(&workspace.root)
        .args(["lint", "--config", "infra/lint/redocly.yaml", API_DOCUMENT])
        .env("REDOCLY_TELEMETRY", "off")
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    process::run(command)
}

fn spectral(workspace: &Workspace, packages: &Packages) -> Result<()> {
    let mut command = packages.tool("spectral");
    command
        .current_dir(&workspace.root)
        .args(["lint", "--fail-severity=hint", "--ruleset", "infra/lint/spectral.yaml"])
        .arg(API_DOCUMENT);
    process::run(command)
}
