//! The packages of the tree by their manifests: where their crates begin, and what they may not depend on.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::failure::{Context, Result};

pub struct Package {
    name: String,
    /// Empty, or with `/` at its end.
    folder: String,
    manifest: Table,
}

/// The manifests that describe a package.
pub fn read(sources: &BTreeMap<String, String>) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for (file, text) in sources {
        let Some(folder) = file.strip_suffix("Cargo.toml") else {
            continue;
        };
        let manifest: Table = text.parse().context(file)?;
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name")?.as_str());
        if let Some(name) = name.map(str::to_owned) {
            let folder = folder.to_owned();
            packages.push(Package { name, folder, manifest });
        }
    }
    Ok(packages)
}

/// The runtime knows no partner, and a domain knows no other.
pub fn refused_directions(packages: &[Package]) -> Result<Vec<String>> {
    let domains: Vec<&Package> = packages.iter().filter(|package| package.is_domain()).collect();
    if domains.is_empty() || !packages.iter().any(|package| package.name == "runtime") {
        return Err("the packages `runtime` and functions/* are not where this check looks for them".into());
    }
    let mut found = Vec::new();
    for package in packages {
        for dependency in package.dependencies() {
            let is_domain = domains.iter().any(|domain| domain.name == dependency);
            let reason = if package.name == "runtime" && dependency.starts_with("partners") {
                "the runtime knows no partner"
            } else if package.is_domain() && is_domain {
                "a domain knows no other domain"
            } else {
                continue;
            };
            let Package { name, folder, .. } = package;
            found.push(format!("{folder}Cargo.toml: {name} depends on {dependency}: {reason}"));
        }
    }
    Ok(found)
}

impl Package {
    fn is_domain(&self) -> bool {
        self.folder.starts_with("functions/")
    }

    /// Of every kind; a renamed one under the name that it has elsewhere.
    fn dependencies(&self) -> Vec<String> {
        let platforms = self.manifest.get("target").and_then(Value::as_table);
        let platforms = platforms
            .into_iter()
            .flat_map(Table::values)
            .filter_map(Value::as_table);
        let tables = [&self.manifest].into_iter().chain(platforms);
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        let dependencies = tables.flat_map(|table| kinds.map(|kind| table.get(kind).and_then(Value::as_table)));
        dependencies
            .flatten()
            .flatten()
            .map(|(key, described)| {
                described
                    .get("package")
                    .and_then(Value::as_str)
                    .unwrap_or(key)
                    .to_owned()
            })
            .collect()
    }

    /// The root files of its library, its binaries and its tests.
    pub fn crate_roots(&self, sources: &BTreeMap<String, String>) -> Vec<String> {
        let several = |kind| self.manifest.get(kind).and_then(Value::as_array).into_iter().flatten();
        let named = self.manifest.get("lib").into_iter();
        let named = named.chain(several("bin")).chain(several("test"));
        let named = named.filter_map(|target| target.get("path")?.as_str());
        let usual = ["src/lib.rs", "src/main.rs"];
        let mut roots: Vec<String> = named
            .chain(usual)
            .map(|path| format!("{}{path}", self.folder))
            .collect();
        for folder in ["src/bin/", "tests/"] {
            let folder = format!("{}{folder}", self.folder);
            let own_file = |file: &str| {
                let name = file.strip_prefix(&folder);
                name.is_some_and(|name| {
                    !name.contains('/') || (name.ends_with("/main.rs") && name.matches('/').count() == 1)
                })
            };
            roots.extend(sources.keys().filter(|file| own_file(file)).cloned());
        }
        roots.retain(|root| sources.contains_key(root));
        roots.sort();
        roots.dedup();
        roots
    }
}
