//! What one Rust file says about its modules: the items it defines, the names it imports, the paths it uses.

use std::collections::{BTreeMap, BTreeSet};

use crate::tokens::{self, Kind, Token};

/// The segments of a path, such as `crate`, `order`, `row`.
pub type ItemPath = Vec<String>;

/// One module of a file: the file's own, or one written in braces inside it.
#[derive(Debug, Default)]
pub struct Module {
    pub names: BTreeMap<String, Name>,
    /// `use path::*`
    pub globs: Vec<ItemPath>,
    /// Every path in signatures, bodies and `use` lines.
    pub paths: BTreeSet<ItemPath>,
    /// `mod name;`: modules that have files of their own.
    pub elsewhere: Vec<String>,
}

/// What a name stands for in a module. A module and a function may share one.
#[derive(Debug, Default)]
pub struct Name {
    pub is_item: bool,
    pub is_module: bool,
    /// `use path as name`
    pub imported: Option<ItemPath>,
}

const ITEMS: [&str; 8] = ["struct", "enum", "trait", "type", "union", "const", "static", "fn"];
const NO_NAMES: [&str; 6] = ["fn", "unsafe", "async", "extern", "mut", "_"];

/// The modules of a file by their path inside it; the file's own has none.
pub fn read(text: &str) -> BTreeMap<ItemPath, Module> {
    let tokens = tokens::read(text);
    let mut parser = Parser {
        tokens: tokens.into_iter().filter(|token| token.kind != Kind::Comment).collect(),
        at: 0,
        attribute_ends: 0,
        scopes: Vec::new(),
        modules: BTreeMap::from([(ItemPath::new(), Module::default())]),
    };
    while parser.at < parser.tokens.len() {
        parser.step();
    }
    parser.modules
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    /// Strings before this place stand in an attribute and may be paths.
    attribute_ends: usize,
    /// The braces around: Some of a module's name, None of a body.
    scopes: Vec<Option<String>>,
    modules: BTreeMap<ItemPath, Module>,
}

impl<'a> Parser<'a> {
    fn token(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// A word or a mark; nothing for a string literal.
    fn text(&self, ahead: usize) -> &'a str {
        let token = self.token(ahead).filter(|token| token.kind != Kind::Text);
        token.map_or("", |token| token.text)
    }

    fn word(&self, ahead: usize) -> Option<String> {
        let token = self.token(ahead).filter(|token| token.kind == Kind::Word);
        token.map(|token| token.text.to_owned())
    }

    fn module(&mut self) -> &mut Module {
        let path: ItemPath = self.scopes.iter().flatten().cloned().collect();
        self.modules.entry(path).or_default()
    }

    fn step(&mut self) {
        let outside_bodies = self.scopes.iter().all(Option::is_some);
        match self.text(0) {
            "#" => return self.attribute(),
            "{" => self.scopes.push(None),
            "}" => drop(self.scopes.pop()),
            "use" if self.text(1) != "<" => {
                self.at += 1;
                return self.import(&mut ItemPath::new());
            }
            "mod" if outside_bodies => return self.child(),
            keyword if outside_bodies && ITEMS.contains(&keyword) => {
                if let Some(name) = self.word(1).filter(|name| !NO_NAMES.contains(&name.as_str())) {
                    self.module().names.entry(name).or_default().is_item = true;
                    self.at += 1;
                }
            }
            _ => return self.path(),
        }
        self.at += 1;
    }

    /// Steps over `#[` so that the paths inside are read.
    fn attribute(&mut self) {
        let opens = if self.text(1) == "!" { 2 } else { 1 };
        if self.text(opens) == "[" {
            self.attribute_ends = self.closing(self.at + opens);
            self.at += opens;
        }
        self.at += 1;
    }

    /// The place of the bracket that closes the one at this place.
    fn closing(&self, opening: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(opening) {
            if ["(", "[", "{"].iter().any(|bracket| token.is(bracket)) {
                depth += 1;
            } else if [")", "]", "}"].iter().any(|bracket| token.is(bracket)) {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
        }
        self.tokens.len()
    }

    fn child(&mut self) {
        let Some(name) = self.word(1) else {
            self.at += 1;
            return;
        };
        let own_file = self.text(2) == ";";
        let parent = self.module();
        parent.names.entry(name.clone()).or_default().is_module = true;
        if own_file {
            parent.elsewhere.push(name);
        } else {
            self.scopes.push(Some(name));
            self.module();
        }
        self.at += 3;
    }

    /// One branch of a `use`, up to its comma, closing brace or semicolon.
    fn import(&mut self, before: &mut ItemPath) {
        let length = before.len();
        loop {
            match self.text(0) {
                ":" => self.at += 1,
                "*" => {
                    let glob = before.clone();
                    self.module().globs.push(glob);
                    self.at += 1;
                }
                "{" => {
                    self.at += 1;
                    while self.at < self.tokens.len() && self.text(0) != "}" {
                        self.import(before);
                        // The comma.
                        self.at += usize::from(self.text(0) != "}");
                    }
                    self.at += 1;
                }
                _ => match self.word(0) {
                    Some(segment) => self.segment(before, segment),
                    None => break,
                },
            }
        }
        before.truncate(length);
    }

    /// A path's next segment; its last one is imported, under its own name or the one after `as`.
    fn segment(&mut self, before: &mut ItemPath, segment: String) {
        // `use row::{self, Row}` names the module as `use row` does.
        if segment != "self" || before.is_empty() {
            before.push(segment);
        }
        self.at += 1;
        if self.text(0) == ":" {
            return;
        }
        let mut name = before.last().cloned();
        if self.text(0) == "as" {
            name = self.word(1);
            self.at += 2;
        }
        let path = before.clone();
        let module = self.module();
        module.paths.insert(path.clone());
        if let Some(name) = name {
            module.names.entry(name).or_default().imported.get_or_insert(path);
        }
    }

    fn path(&mut self) {
        let in_attribute = self.at < self.attribute_ends;
        let Some(first) = self.word(0) else {
            // `#[serde(default = "row::version")]`
            let quoted = self.token(0).filter(|token| token.kind == Kind::Text && in_attribute);
            let quoted = quoted.map(|token| token.text.trim_matches('"').split("::").map(str::to_owned).collect());
            if let Some(path) = quoted {
                self.module().paths.insert(path);
            }
            self.at += 1;
            return;
        };
        let before = |back: usize| self.at.checked_sub(back).and_then(|at| self.tokens.get(at));
        let is = |back, mark| before(back).is_some_and(|token| token.is(mark));
        let is_member = is(1, ".") && !is(2, ".");
        // The rest of a path that begins with a type in angle brackets, or the path of another crate.
        let goes_on = is(1, ":") && is(2, ":");
        let mut path = vec![first];
        self.at += 1;
        while self.text(0) == ":" && self.text(1) == ":" {
            let Some(next) = self.word(2) else { break };
            path.push(next);
            self.at += 3;
        }
        if !is_member && !goes_on {
            self.module().paths.insert(path);
        }
    }
}
