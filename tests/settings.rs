//! docs/settings.md against template.yaml and the code: every parameter and every environment variable has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use sam_template::Template;
use serde_json::{Value, json};

use crate::docs::files_below;
use crate::environment::{self, Stack};
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
    let default = |parameter: &Value| match parameter.get("Default").map(template::string) {
        Some(text) if text.is_empty() => "empty".to_owned(),
        Some(text) => text,
        None => "required".to_owned(),
    };
    let parameters = template::members(template::template().section("Parameters"));
    parameters
        .map(|(name, parameter)| (name.clone(), default(parameter)))
        .collect()
}

/// The parameters and outputs that a value names, or else the value itself.
fn sources(value: &Value) -> BTreeSet<String> {
    let named = names(value);
    if named.is_empty() {
        return BTreeSet::from([template::string(value)]);
    }
    named
}

/// The parameters and outputs that a value names.
fn names(value: &Value) -> BTreeSet<String> {
    let in_text = |text: &str| {
        text.split("${")
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap().to_owned())
            .collect()
    };
    match value {
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(function, argument)| match function.as_str() {
                "Ref" if argument == "AWS::NoValue" => BTreeSet::new(),
                "Ref" => BTreeSet::from([template::string(argument)]),
                "Fn::GetAtt" => BTreeSet::from([format!(
                    "{}.{}",
                    template::string(&argument[0]),
                    template::string(&argument[1])
                )]),
                "Fn::Sub" if argument.is_string() => in_text(&template::string(argument)),
                _ => names(argument),
            })
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// The environment variables of the template.
fn deployed() -> BTreeMap<String, Setting> {
    let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
    for function in template::functions() {
        for (name, value) in &function.variables {
            let setting = settings.entry(name.clone()).or_default();
            setting.values.extend(sources(value));
            setting.functions.insert(function.binary.clone());
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
fn every_setting_that_funders_carries_has_its_row_and_its_value() {
    let parameters = template::members(template::template().section("Parameters"));
    let parameters = parameters.map(|(name, _)| (name.as_str(), name.as_str()));
    let fixed = [("Stage", "<stage>"), ("AllowLive", "true"), ("AllowSandbox", "true")];
    let stack = Stack::main(&parameters.chain(fixed).collect::<Vec<_>>());
    let rows = rows(&page(), "Carried by FUNDERS");
    let documented: BTreeMap<_, _> = rows.iter().map(|row| (span(&row[0]), span(&row[1]))).collect();
    assert_eq!(documented.len(), rows.len(), "a setting has two rows");
    let carried = environment::OUTPUTS.map(|output| environment::carried(&stack, output));
    assert_eq!(
        documented,
        carried.into_iter().flatten().collect(),
        "docs/settings.md and infra/stacks/funders.yaml"
    );
}

#[test]
fn every_variable_that_the_code_reads_by_its_name_has_a_row() {
    let page = page();
    let tables = [
        "Environment variables",
        "Carried by FUNDERS",
        "Read by the code and not set by the template",
    ];
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
fn every_variable_of_the_tool_has_a_row() {
    let rows = rows(&page(), "Variables of the tool and the tests");
    let known: BTreeSet<String> = rows
        .iter()
        .flat_map(|row| spans(&row[0]).map(str::to_owned))
        .filter(|name| name.starts_with("TRUNKLINE_"))
        .collect();
    let mut read = BTreeSet::new();
    for file in ["infra", "tests"]
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
    {
        // Folders of tools may have files that are no text.
        let text = fs::read_to_string(&file).unwrap_or_default();
        for rest in text.split("TRUNKLINE_").skip(1) {
            let name: String = rest
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                .collect();
            read.insert(format!("TRUNKLINE_{name}"));
        }
    }
    read.remove("TRUNKLINE_");
    assert_eq!(known, read, "docs/settings.md, and infra/ and tests/");
}

/// The nested stacks, by their logical ids.
fn stacks() -> Vec<(String, Template)> {
    let read = |file: &str| template::stack(file.strip_prefix("infra/stacks/").unwrap());
    let nested = template::template().nested();
    nested.map(|(id, file)| (id.to_owned(), read(file))).collect()
}

#[test]
fn every_secret_has_its_row() {
    let rows = rows(&page(), "Secrets");
    let documented: BTreeSet<String> = rows
        .iter()
        .flat_map(|row| spans(&row[0]))
        .map(|name| name.replace("<stage>", "${Stage}"))
        .collect();
    let stacks = stacks();
    let secrets = stacks
        .iter()
        .flat_map(|(_, stack)| stack.resources("AWS::SecretsManager::Secret"));
    let defined: BTreeSet<String> = secrets
        .map(|(_, secret)| template::string(&secret["Properties"]["Name"]["Fn::Sub"]))
        .collect();
    assert_eq!(documented, defined, "docs/settings.md and infra/stacks");
}

#[test]
fn the_template_reads_every_output_of_a_stack_and_no_other() {
    let sections = ["Globals", "Resources", "Outputs"].map(|section| names(template::template().section(section)));
    let mut read: BTreeSet<String> = sections.into_iter().flatten().collect();
    read.retain(|name| name.contains(".Outputs."));
    let stacks = stacks();
    let outputs = stacks.iter().flat_map(|(id, stack)| {
        let outputs = template::members(stack.section("Outputs"));
        outputs.map(move |(name, _)| format!("{id}.Outputs.{name}"))
    });
    assert_eq!(read, outputs.collect(), "template.yaml and infra/stacks");
}

#[test]
fn a_value_names_its_sources() {
    let of = |value: Value| sources(&value).into_iter().collect::<Vec<_>>();
    assert_eq!(of(json!({ "Ref": "One" })), ["One"]);
    assert_eq!(of(json!({ "Fn::GetAtt": ["A", "Outputs.One"] })), ["A.Outputs.One"]);
    let absent = json!({ "Ref": "AWS::NoValue" });
    assert_eq!(of(json!({ "Fn::If": ["Has", { "Ref": "Two" }, absent] })), ["Two"]);
    assert_eq!(
        of(json!({ "Fn::Sub": "{{resolve:${A.Outputs.One}}} ${Two}" })),
        ["A.Outputs.One", "Two"]
    );
    assert_eq!(of(json!("24")), ["24"]);
}
