//! Uploads new packages to deployed functions. This takes one second; `sam deploy` takes ten.

use std::fs;
use std::path::Path;
use std::thread;

use crate::aws::Aws;
use crate::failure::{Context, Failure, Result};
use crate::process;
use crate::workspace::Workspace;

/// Packages uploaded in parallel.
const PARALLEL_UPLOADS: usize = 4;

/// `changed` has each binary with the name of its function.
pub fn upload(workspace: &Workspace, aws: &Aws, dir: &Path, changed: &[(&String, &String)]) -> Result<()> {
    for some in changed.chunks(PARALLEL_UPLOADS) {
        thread::scope(|scope| {
            let uploads: Vec<_> = some
                .iter()
                .map(|(binary, function)| scope.spawn(|| upload_one(workspace, aws, dir, binary, function)))
                .collect();
            let panicked = |_| Err(Failure::from("an upload panicked"));
            uploads
                .into_iter()
                .try_for_each(|upload| upload.join().unwrap_or_else(panicked))
        })?;
    }
    Ok(())
}

fn upload_one(workspace: &Workspace, aws: &Aws, dir: &Path, binary: &str, function: &str) -> Result<()> {
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
