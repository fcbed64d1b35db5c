//! Refuses the names and phrases that docs/writing.md lists, so that the page and the check cannot differ, and names of two
//! public types.

mod doubles;
mod finding;
mod list;
mod prose;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use crate::failure::Result;
use crate::files;
use crate::tokens::{self, Kind, Token};
use crate::tree;
use crate::workspace::Workspace;

use doubles::PublicTypes;
use finding::Finding;
use list::{List, Named};
use prose::{EnvironmentWord, Phrases};

const WRITING: &str = "docs/writing.md";
/// Other people's files, and what partners send.
const EXCLUDED: [&str; 2] = ["functions/operations/assets/", "/fixtures/"];
const TYPES_AND_CONSTANTS: [&str; 7] = ["struct", "enum", "trait", "type", "union", "const", "static"];
const MODULES_AND_FUNCTIONS: [&str; 2] = ["mod", "fn"];

pub fn check(workspace: &Workspace) -> Result<()> {
    let found = findings(&workspace.root)?;
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    Err(format!("{WRITING} refuses {} words:\n{}", found.len(), lines.join("\n")).into())
}

fn findings(root: &Path) -> Result<BTreeSet<Finding>> {
    let list = List::parse(&files::read(&root.join(WRITING))?)?;
    let all = tree::files(root)?;
    let environment = EnvironmentWord::of_funders(all.iter().filter_map(|file| funder_of(file)));
    let checker = Checker { list, environment };
    let mut found = BTreeSet::new();
    let mut types = PublicTypes::default();
    for file in all
        .iter()
        .filter(|file| !EXCLUDED.iter().any(|part| file.contains(part)))
    {
        if let Some(language) = Language::of(file) {
            let text = files::read(&root.join(file))?;
            found.extend(checker.read(file, language, &text));
            found.extend(types.add(file, &text));
        }
    }
    Ok(found)
}

/// A funder is known by its folder of fixtures.
fn funder_of(file: &str) -> Option<&str> {
    let (_, inside) = file.split_once("shared/partners/funders/fixtures/")?;
    inside.split_once('/').map(|(name, _)| name)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Rust,
    /// The whole text counts as prose.
    Other,
}

impl Language {
    fn of(file: &str) -> Option<Self> {
        // Recipes edit files: `lib.rs.edit` is a part of a Rust file.
        let name = file.strip_suffix(".edit").unwrap_or(file);
        match Path::new(name).extension().and_then(|extension| extension.to_str()) {
            Some("rs") => Some(Self::Rust),
            Some("md" | "yaml" | "yml" | "toml" | "py" | "sh" | "mjs") => Some(Self::Other),
            None if name.starts_with(".ci/") => Some(Self::Other),
            _ => None,
        }
    }
}

struct Checker {
    list: List,
    environment: EnvironmentWord,
}

impl Checker {
    fn read(&self, file: &str, language: Language, text: &str) -> Vec<Finding> {
        let finding = |(line, advice): (usize, String)| Finding {
            file: file.to_owned(),
            line,
            advice,
        };
        match language {
            Language::Rust => {
                let inside = self.rust(text).into_iter().map(finding);
                inside.chain(self.path(file)).collect()
            }
            Language::Other if file == WRITING => self.prose(&prose::unquoted(text)).map(finding).collect(),
            Language::Other => self.prose(text).map(finding).collect(),
        }
    }

    fn prose(&self, text: &str) -> impl Iterator<Item = (usize, String)> {
        let mut phrases = Phrases::default();
        phrases.add(text, 1);
        let uses = self.environment.other_uses(text).into_iter();
        uses.map(|line| (line, self.environment.advice()))
            .chain(phrases.refused(&self.list))
    }

    fn rust(&self, text: &str) -> Vec<(usize, String)> {
        let tokens = tokens::read(text);
        let mut found = Vec::new();
        let mut phrases = Phrases::default();
        let mut before: Option<&Token<'_>> = None;
        for token in &tokens {
            match token.kind {
                Kind::Comment | Kind::Text => {
                    // A sentence goes on in the next line of a comment and nowhere else.
                    if token.kind == Kind::Text || before.is_none_or(|before| before.kind != Kind::Comment) {
                        phrases.end_sentence();
                    }
                    // A string literal without a blank is a value.
                    if token.kind == Kind::Comment || token.text.contains(' ') {
                        phrases.add(token.text, token.line);
                    }
                    let uses = self.environment.other_uses(token.text).into_iter();
                    found.extend(uses.map(|line| (token.line + line - 1, self.environment.advice())));
                }
                Kind::Word => found.extend(self.name(before, token)),
                Kind::Mark => {}
            }
            before = Some(token);
        }
        found.extend(phrases.refused(&self.list));
        found
    }

    fn name(&self, before: Option<&Token<'_>>, name: &Token<'_>) -> Option<(usize, String)> {
        let follows = |words: &[&str]| before.is_some_and(|before| words.iter().any(|word| before.is(word)));
        let named = if follows(&TYPES_AND_CONSTANTS) {
            Named::TypeOrConstant
        } else if follows(&MODULES_AND_FUNCTIONS) {
            Named::ModuleOrFunction
        } else {
            Named::Other
        };
        if let Some(advice) = self.advice(name.text, named) {
            return Some((name.line, advice));
        }
        let refused = self.environment.refuses_name(name.text, named != Named::Other);
        refused.then(|| (name.line, self.environment.advice()))
    }

    /// The names of the file and of the folders above it.
    fn path(&self, file: &str) -> Vec<Finding> {
        let path = Path::new(file);
        let names = path
            .ancestors()
            .filter_map(|above| Some((above, above.file_stem()?.to_str()?)));
        names
            .filter_map(|(above, name)| {
                Some(Finding {
                    file: above.display().to_string(),
                    line: 0,
                    advice: self.advice(name, Named::ModuleOrFunction)?,
                })
            })
            .collect()
    }

    fn advice(&self, name: &str, named: Named) -> Option<String> {
        let (listed, instead) = self.list.refused(name, named)?;
        Some(if name == listed {
            format!("`{name}` is refused: say {instead}")
        } else {
            format!("`{name}` is refused for `{listed}`: say {instead}")
        })
    }
}
