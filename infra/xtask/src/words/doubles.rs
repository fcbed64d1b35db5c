//! Public types of the hub that have the same name.

use std::collections::BTreeMap;

use super::finding::Finding;
use crate::tokens::{self, Kind};

const TYPES: [&str; 5] = ["struct", "enum", "trait", "type", "union"];
/// Each domain has its own under this name, and no domain imports another.
const PER_DOMAIN: [&str; 4] = ["Api", "Env", "Function", "Caller"];

/// The first file that defines a public type, by the type's name.
#[derive(Default)]
pub struct PublicTypes(BTreeMap<String, String>);

impl PublicTypes {
    /// Adds the types of a file of the hub, tests aside. Returns those that an earlier file has.
    pub fn add(&mut self, file: &str, text: &str) -> Vec<Finding> {
        let mut doubles = Vec::new();
        let in_hub = file.starts_with("functions/") || file.starts_with("shared/");
        if !in_hub || !file.ends_with(".rs") || file.contains("/tests") {
            return doubles;
        }
        for tokens in tokens::read(text).windows(3) {
            if let [public, keyword, name] = tokens
                && public.is("pub")
                && TYPES.iter().any(|word| keyword.is(word))
                && name.kind == Kind::Word
                && !PER_DOMAIN.contains(&name.text)
                && let Some(first) = self.0.insert(name.text.to_owned(), file.to_owned())
            {
                doubles.push(Finding {
                    file: file.to_owned(),
                    line: name.line,
                    advice: format!("`{}` is a public type in {first} too: rename one of them", name.text),
                });
            }
        }
        doubles
    }
}
