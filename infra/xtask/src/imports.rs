//! Refuses circles: files of one crate that import each other, and packages that depend in a refused direction.

mod circles;
mod edges;
mod modules;
mod packages;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::failure::Result;
use crate::files;
use crate::tree;
use crate::workspace::Workspace;

use edges::Edges;
use modules::Modules;

/// The text of every Rust file and manifest, by its path from the root.
type Sources = BTreeMap<String, String>;

pub fn check(workspace: &Workspace) -> Result<()> {
    let mut sources = Sources::new();
    for file in tree::files(&workspace.root)? {
        if file.ends_with(".rs") || file.ends_with("Cargo.toml") {
            let text = files::read(&workspace.root.join(&file))?;
            sources.insert(file, text);
        }
    }
    let found = findings(&sources)?;
    if found.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} imports run in a circle or a refused direction:\n{}",
        found.len(),
        found.join("\n")
    )
    .into())
}

fn findings(sources: &Sources) -> Result<Vec<String>> {
    let packages = packages::read(sources)?;
    let mut found = packages::refused_directions(&packages)?;
    for root in packages.iter().flat_map(|package| package.crate_roots(sources)) {
        let edges = edges::of(&Modules::of_crate(sources, &root));
        found.extend(circles::of(&edges).iter().map(|circle| report(circle, &edges)));
    }
    Ok(found)
}

/// The files of a circle, and the names that tie each to another.
fn report(circle: &[String], edges: &Edges) -> String {
    let mut lines = vec![format!(
        "{} files import each other: {}",
        circle.len(),
        circle.join(", ")
    )];
    for from in circle {
        for (to, names) in edges
            .get(from)
            .into_iter()
            .flatten()
            .filter(|(to, _)| circle.contains(to))
        {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            lines.push(format!("  {from} -> {to}: {}", names.join(", ")));
        }
    }
    lines.join("\n")
}
