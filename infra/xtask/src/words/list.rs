//! The tables of docs/writing.md: refused words, names and phrases, and what to say instead.

use std::collections::BTreeMap;

use crate::failure::Result;

pub struct List {
    /// In snake case. The phrases of one word are refused in names too.
    words: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
    /// In lower case, with one blank between words.
    pub phrases: BTreeMap<String, String>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    TypeOrConstant,
    ModuleOrFunction,
    /// A field, a parameter, a variable, a variant, or any use of a name.
    Other,
}

impl List {
    pub fn parse(page: &str) -> Result<Self> {
        let mut list = Self {
            words: table(page, "## Refused words"),
            names: table(page, "## Refused names"),
            phrases: table(page, "## Refused phrases"),
        };
        if [&list.words, &list.names, &list.phrases]
            .iter()
            .any(|table| table.is_empty())
        {
            return Err(
                "docs/writing.md has no table of refused words, of refused names, or of refused phrases".into(),
            );
        }
        let phrases = list.phrases.iter().filter(|(phrase, _)| !phrase.contains(' '));
        list.words
            .extend(phrases.map(|(word, instead)| (word.clone(), instead.clone())));
        Ok(list)
    }

    /// The row that refuses the name, and what to say instead.
    pub fn refused(&self, name: &str, named: Named) -> Option<(&str, &str)> {
        let whole = format!("_{}_", snake(name));
        let is_part = |word: &str| whole.contains(&format!("_{word}_"));
        let is_name = |listed: &str| match named {
            Named::TypeOrConstant => listed.eq_ignore_ascii_case(name),
            Named::ModuleOrFunction => listed == name,
            Named::Other => false,
        };
        let word = self.words.iter().find(|(word, _)| is_part(word));
        let row = word.or_else(|| self.names.iter().find(|(listed, _)| is_name(listed)));
        row.map(|(listed, instead)| (listed.as_str(), instead.as_str()))
    }
}

/// `LongestKey`, `LONGEST_KEY` and `LONGESTKey` -> `longest_key`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        // The last capital of a run begins a word: `HTTPKey` is `http_key`.
        let begins = !before.is_uppercase() || letters.peek().is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && before != '_' && begins {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        before = letter;
    }
    snake
}

/// What stands in code spans in the first cell of each row, with the text of the second cell.
fn table(page: &str, heading: &str) -> BTreeMap<String, String> {
    let section = page.lines().skip_while(|line| *line != heading).skip(1);
    let rows = section
        .take_while(|line| !line.starts_with("## "))
        .filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split_once(" | "))
        .flat_map(|(first, rest)| {
            let instead = rest.split('|').next().unwrap_or_default().trim();
            let spans = first.split('`').skip(1).step_by(2);
            spans.map(|span| (span.to_owned(), instead.to_owned()))
        })
        .collect()
}
