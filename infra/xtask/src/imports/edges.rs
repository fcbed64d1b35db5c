//! Which file uses names that another file of its crate defines.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::{Modules, Place};

/// For each file: the files it imports, with the names.
pub type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// An import leads to the file that defines the item, whatever re-exports lie between. Naming a module is no import.
pub fn of(modules: &Modules) -> Edges {
    let mut edges = Edges::new();
    let mut add = |from: &str, to: &str, name: &str| {
        if from != to {
            let names = edges
                .entry(from.to_owned())
                .or_default()
                .entry(to.to_owned())
                .or_default();
            names.insert(name.to_owned());
        }
    };
    for (place, file, module) in modules.each() {
        for path in &module.paths {
            if let Some(Place::Item { file: to, name }) = modules.find(place, path) {
                add(file, &to, &name);
            }
        }
        for glob in &module.globs {
            if let Some(Place::Module(of)) = modules.find(place, glob) {
                add(file, modules.file(&of).unwrap_or(file), "*");
            }
        }
    }
    edges
}
