//! The tables of docs/writing.md: refused names, refused phrases, and what to say instead.

use std::collections::BTreeMap;

use crate::failure::Result;

pub struct List {
    names: BTreeMap<String, String>,
    /// In lower case, with one blank between words.
    pub phrases: BTreeMap<String, String>,
}

impl List {
    pub fn parse(page: &str) -> Result<Self> {
        let list = Self {
            names: table(page, "## Refused names"),
            phrases: table(page, "## Refused phrases"),
        };
        if list.names.is_empty() || list.phrases.is_empty() {
            return Err("docs/writing.md has no table of refused names, or none of refused phrases".into());
        }
        Ok(list)
    }

    pub fn instead_of(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }
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
