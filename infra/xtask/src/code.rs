//! Sends new packages to functions that are deployed already, which takes a second where `sam deploy` takes ten.

use std::fs;
use std::path::Path;
use std::thread;

use crate::aws::Aws;
use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// How many packages are sent at once.
const SENDERS: usize = 4;

/// `changed` is each binary with the name of its function.
pub fn send(workspace: &Workspace, aws: &Aws, dir: &Path, changed: &[(&String, &String)]) -> Result<()> {
    for some in changed.chunks(SENDERS) {
        thread::scope(|scope| {
            let senders: Vec<_> = some
                .iter()
                .map(|(binary, function)| scope.spawn(|| send_one(workspace, aws, dir, binary, function)))
                .collect();
            let lost = |_| Err(Failure::from("a sender ended early"));
            senders
                .into_iter()
                .try_for_each(|sender| sender.join().unwrap_or_else(lost))
        })?;
    }
    Ok(())
}

fn send_one(workspace: &Workspace, aws: &Aws, dir: &Path, binary: &str, function: &str) -> Result<()> {
    let archive = dir.join(format!("{binary}.zip"));
    let mut zip = aws.command("python")?;
    zip.current_dir(workspace.package_of(binary));
    zip.args(["-m", "zipfile", "--create"]).arg(&archive).arg("bootstrap");
    process::capture(zip)?;
    let file = format!("fileb://{}", archive.display());
    let options = [("function-name", function), ("zip-file", &file)];
    aws.call("lambda update-function-code", &options)?;
    fs::remove_file(&archive).context(archive.display())
}
