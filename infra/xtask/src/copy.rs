//! A copy of the tree, changed by files in the tree and built in the tree's target directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::edit;
use crate::failure::{Context, Result};
use crate::files;
use crate::tree;
use crate::workspace::Workspace;

pub fn make(workspace: &Workspace, copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).context(copy.display())?;
    }
    for name in tree::files(&workspace.root)? {
        copy_file(&workspace.root.join(&name), &copy.join(&name))?;
    }
    change_version(copy)
}

/// Gives the copy's packages another version: they share a target directory with the tree's packages, and cargo would
/// otherwise mix them up.
fn change_version(copy: &Path) -> Result<()> {
    let manifest = copy.join("Cargo.toml");
    let text = files::read(&manifest)?;
    let line = text.lines().find(|line| line.starts_with("version = "));
    let line = line.context("Cargo.toml has no version")?;
    files::write(&manifest, &text.replacen(line, "version = \"0.0.0\"", 1))?;
    // The API document has the version too, and would be out of date for that alone.
    let document = copy.join("functions/operations/openapi.json");
    let old = line.replacen("version = ", "\"version\": ", 1);
    let text = files::read(&document)?;
    files::write(&document, &text.replacen(&old, "\"version\": \"0.0.0\"", 1))
}

pub fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        files::make_dir(folder)?;
    }
    fs::copy(from, to).context(from.display())?;
    Ok(())
}

/// Puts a file at this path of the copy, or applies it to the file there if it is an `.edit`.
pub fn apply(file: &Path, path: &Path, copy: &Path) -> Result<()> {
    if path.extension().is_none_or(|extension| extension != "edit") {
        return copy_file(file, &copy.join(path));
    }
    let edited = copy.join(path.with_extension(""));
    let text = edit::apply(&files::read(&edited)?, &files::read(file)?).context(path.display())?;
    files::write(&edited, &text)
}

pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).context(folder.display())? {
            let path = entry.context(folder.display())?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
