//! docs/settings.md against template.yaml and the code: every parameter and every environment variable has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::docs::files_below;
use crate::template::{self, root};

/// What a variable is made from, and the functions that have it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Setting {
    values: BTreeSet<String>,
    functions: BTreeSet<String>,
}

fn page() -> String {
    fs::read_to_string(root().join("docs/settings.md")).unwrap()
}

/// The cells of a table's rows, without its head.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = |row: &str| row.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect();
    rows.map(cells).collect()
}

/// The texts between backticks.
fn spans(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn span(cell: &str) -> String {
    spans(cell).next().unwrap_or(cell).to_owned()
}

/// The default of each parameter, as the page writes it.
fn defaults() -> BTreeMap<String, String> {
    let text = template::text();
    let (_, section) = text.split_once("\nParameters:\n").unwrap();
    let mut defaults = BTreeMap::new();
    let mut name = String::new();
    for line in section
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with(' '))
    {
        let entry = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '));
        if let Some((given, _)) = entry.and_then(|entry| entry.split_once(':')) {
            name = given.to_owned();
            defaults.insert(name.clone(), "required".to_owned());
        }
        if let Some((_, value)) = line.split_once("Default: ") {
            let value = value
                .split(", ")
                .next()
                .unwrap()
                .trim_end_matches(" }")
                .trim_matches('\'');
            let value = if value.is_empty() { "empty" } else { value };
            defaults.insert(name.clone(), value.to_owned());
        }
    }
    defaults
}

/// The template cut before each entry of a section, such as a resource.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            blocks.push(String::new());
        }
        blocks.last_mut().unwrap().extend([line, "\n"]);
    }
    blocks
}

/// The environment variables of a block with their values. No other key of the template is written in capitals.
fn variables(block: &str) -> Vec<(&str, &str)> {
    let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let key = |(end, _): (usize, &str)| {
        let start = block[..end].rfind(|c| !capitals(c)).map_or(0, |before| before + 1);
        let begins = block[..start].ends_with([' ', '{', ',']) && end - start > 2;
        begins.then_some((start, end))
    };
    let keys: Vec<(usize, usize)> = block.match_indices(": ").filter_map(key).collect();
    let ends = keys.iter().skip(1).map(|(start, _)| *start).chain([block.len()]);
    let each = keys.iter().zip(ends);
    each.map(|((start, end), next)| (&block[*start..*end], block[end + 2..next].lines().next().unwrap()))
        .collect()
}

/// The parameters and outputs that a value names, or else the value itself.
fn sources(value: &str) -> BTreeSet<String> {
    let named = ["!Ref ", "!GetAtt ", "${"]
        .iter()
        .flat_map(|mark| value.split(mark).skip(1));
    let named = named.map(|rest| rest.split([' ', ',', ']', '}']).next().unwrap());
    let named: BTreeSet<String> = named
        .filter(|name| *name != "AWS::NoValue")
        .map(str::to_owned)
        .collect();
    if named.is_empty() {
        return BTreeSet::from([value.trim_matches([' ', ',', '}', '\'']).to_owned()]);
    }
    named
}

/// The environment variables of the template.
fn deployed() -> BTreeMap<String, Setting> {
    let text = template::text();
    let all: BTreeSet<String> = template::functions()
        .into_iter()
        .map(|function| function.binary)
        .collect();
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    for block in blocks(&text) {
        let functions = if block.starts_with("  Function:\n") {
            all.clone()
        } else if let Some((_, rest)) = block.split_once("Binary: ") {
            BTreeSet::from([rest.split([' ', '\n']).next().unwrap().to_owned()])
        } else {
            continue;
        };
        for (name, value) in variables(&block) {
            let setting = settings.entry(name.to_owned()).or_default();
            setting.values.extend(sources(value));
            setting.functions.extend(functions.clone());
        }
    }
    settings
}

/// The environment variables of the page.
fn documented(page: &str) -> BTreeMap<String, Setting> {
    let rows = rows(page, "Environment variables");
    let all: Vec<String> = template::functions()
        .into_iter()
        .map(|function| function.binary)
        .collect();
    let cell = |name: &str| {
        rows.iter()
            .find(|row| span(&row[0]) == name)
            .map(|row| row[4].as_str())
            .unwrap()
    };
    let mut settings = BTreeMap::new();
    for row in &rows {
        let functions = row[4]
            .strip_prefix("as ")
            .map_or(row[4].as_str(), |other| cell(&span(other)));
        let setting = Setting {
            values: spans(&row[1]).map(str::to_owned).collect(),
            functions: expanded(functions, &all),
        };
        assert!(
            settings.insert(span(&row[0]), setting).is_none(),
            "{} has two rows",
            row[0]
        );
    }
    settings
}

/// `all`, or names with `*` for any ending; after `except`, those that are left out.
fn expanded(cell: &str, all: &[String]) -> BTreeSet<String> {
    let (given, except) = cell.split_once(" except ").unwrap_or((cell, ""));
    let named = |names: &str| {
        let mut found = BTreeSet::new();
        for name in spans(names) {
            let matches = |function: &&String| {
                name.strip_suffix('*')
                    .map_or(*function == name, |start| function.starts_with(start))
            };
            let before = found.len();
            found.extend(all.iter().filter(matches).cloned());
            assert!(found.len() > before, "{name} names no further function in {cell}");
        }
        found
    };
    let mut functions = if given == "all" {
        all.iter().cloned().collect()
    } else {
        named(given)
    };
    for function in named(except) {
        assert!(functions.remove(&function), "{function} in {cell}");
    }
    functions
}

#[test]
fn every_parameter_has_its_row_and_its_default() {
    let rows = rows(&page(), "Parameters");
    let documented: BTreeMap<_, _> = rows.iter().map(|row| (span(&row[0]), span(&row[1]))).collect();
    assert_eq!(documented.len(), rows.len(), "a parameter has two rows");
    assert_eq!(documented, defaults(), "docs/settings.md and template.yaml");
}

#[test]
fn every_environment_variable_has_its_row_with_its_functions() {
    let (mut documented, deployed) = (documented(&page()), deployed());
    for (name, setting) in deployed {
        let row = documented.remove(&name);
        assert_eq!(row, Some(setting), "{name} in docs/settings.md, and in template.yaml");
    }
    assert!(
        documented.is_empty(),
        "template.yaml does not have {:?}",
        documented.keys()
    );
}

#[test]
fn every_variable_that_the_code_reads_by_its_name_has_a_row() {
    let page = page();
    let tables = ["Environment variables", "Read by the code and not set by the template"];
    let rows = tables.iter().flat_map(|heading| rows(&page, heading));
    let known: BTreeSet<String> = rows
        .flat_map(|row| spans(&row[0]).map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut read = BTreeSet::new();
    for file in ["functions", "shared/runtime/src"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
    {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let calls = [".get(\"", ".need(\"", ".parse(\"", ".queue(\""];
        let names = calls
            .iter()
            .flat_map(|call| text.split(call).skip(1))
            .filter_map(|rest| rest.split('"').next());
        let capitals = |name: &&str| name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        read.extend(names.filter(capitals).map(str::to_owned));
    }
    let missing: Vec<_> = read.difference(&known).collect();
    assert!(
        read.len() > 20 && missing.is_empty(),
        "docs/settings.md does not have {missing:?}"
    );
}

#[test]
fn a_variable_is_found_in_either_layout() {
    let block = "  X:\n      Variables:\n        ONE: !Ref One\n        TWO: '24'\n";
    assert_eq!(variables(block), [("ONE", "!Ref One"), ("TWO", "'24'")]);
    let flow = "  X: { Variables: { ONE: !Ref One, TWO: !If [Has, !Ref Two, !Ref AWS::NoValue] } }\n";
    let found = variables(flow);
    assert_eq!(found.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["ONE", "TWO"]);
    let of = |index: usize| sources(found[index].1).into_iter().collect::<Vec<_>>();
    assert_eq!((of(0), of(1)), (vec!["One".to_owned()], vec!["Two".to_owned()]));
    assert_eq!(sources("'24'"), BTreeSet::from(["24".to_owned()]));
}
