//! The module tree of one crate, and what a path in it leads to.

use std::collections::BTreeMap;
use std::path::Path;

use super::source::{self, ItemPath, Module};

/// Imports of imports are followed so often: a name that imports itself ends.
const MAX_STEPS: usize = 32;

/// Every module by its path from the crate's root, with its file.
#[derive(Default)]
pub struct Modules(BTreeMap<ItemPath, (String, Module)>);

/// What a path leads to.
pub enum Place {
    Module(ItemPath),
    Item { file: String, name: String },
}

impl Modules {
    /// Reads the files that the crate's root leads to. A file that is not there is the compiler's to report.
    pub fn of_crate(sources: &BTreeMap<String, String>, root: &str) -> Self {
        let mut modules = Self::default();
        let folder = Path::new(root).parent().unwrap_or(Path::new(""));
        modules.read(sources, root, folder, &ItemPath::new());
        modules
    }

    /// `folder` is where the file's child modules are.
    fn read(&mut self, sources: &BTreeMap<String, String>, file: &str, folder: &Path, path: &ItemPath) {
        let Some(text) = sources.get(file) else { return };
        for (inside, module) in source::read(text) {
            let path = [path.clone(), inside.clone()].concat();
            let folder = folder.join(inside.join("/"));
            for child in &module.elsewhere {
                let own = folder.join(child);
                let path = [path.clone(), vec![child.clone()]].concat();
                for file in [own.with_extension("rs"), own.join("mod.rs")] {
                    self.read(sources, &file.to_string_lossy(), &own, &path);
                }
            }
            self.0.insert(path, (file.to_owned(), module));
        }
    }

    pub fn each(&self) -> impl Iterator<Item = (&ItemPath, &str, &Module)> {
        self.0
            .iter()
            .map(|(path, (file, module))| (path, file.as_str(), module))
    }

    pub fn file(&self, module: &ItemPath) -> Option<&str> {
        self.0.get(module).map(|(file, _)| file.as_str())
    }

    /// What a path means in a module; None for other crates' names, local variables and all else.
    pub fn find(&self, from: &ItemPath, path: &[String]) -> Option<Place> {
        self.follow(from, path, MAX_STEPS)
    }

    fn follow(&self, from: &ItemPath, path: &[String], steps: usize) -> Option<Place> {
        let steps = steps.checked_sub(1)?;
        let mut place = from.clone();
        let mut rest = path.iter().peekable();
        while let Some(segment) = rest.next() {
            match segment.as_str() {
                "crate" => place.clear(),
                "super" => drop(place.pop()?),
                "self" => {}
                name => match self.named(&place, name, rest.peek().is_some(), steps)? {
                    Place::Module(module) => place = module,
                    // What follows is a variant or an associated function.
                    item @ Place::Item { .. } => return Some(item),
                },
            }
        }
        Some(Place::Module(place))
    }

    fn named(&self, place: &ItemPath, name: &str, goes_on: bool, steps: usize) -> Option<Place> {
        let (file, module) = self.0.get(place)?;
        if let Some(known) = module.names.get(name) {
            let as_module = || {
                known
                    .is_module
                    .then(|| Place::Module([place.clone(), vec![name.to_owned()]].concat()))
            };
            let as_item = || {
                let (file, name) = (file.clone(), name.to_owned());
                known.is_item.then_some(Place::Item { file, name })
            };
            let imported = || self.follow(place, known.imported.as_ref()?, steps);
            return if goes_on {
                as_module().or_else(imported).or_else(as_item)
            } else {
                as_item().or_else(imported).or_else(as_module)
            };
        }
        module
            .globs
            .iter()
            .find_map(|glob| match self.follow(place, glob, steps)? {
                Place::Module(module) => self.named(&module, name, goes_on, steps.checked_sub(1)?),
                Place::Item { .. } => None,
            })
    }
}
