//! The files of the tree: what git tracks, and new files that it does not ignore.

use std::path::Path;
use std::process::Command;

use crate::failure::Result;
use crate::process;

/// Paths from the root, with `/`, of files that exist.
pub fn files(root: &Path) -> Result<Vec<String>> {
    let mut list = Command::new("git");
    list.current_dir(root)
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = process::capture(list)?;
    let mut files: Vec<String> = listed
        .split('\0')
        .filter(|name| !name.is_empty() && root.join(name).is_file())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}
