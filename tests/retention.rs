//! docs/data.md against the code and the stacks: how long rows, objects, messages and logs live, and which tables can be restored.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::docs::files_below;
use crate::template::{items, members, root, stack, string, template};

const DAY: u64 = 24 * 60 * 60;

fn page() -> String {
    fs::read_to_string(root().join("docs/data.md")).unwrap()
}

/// The cells of the rows of a table whose head begins with these words. An empty first cell means the one above.
fn rows(page: &str, head: &str) -> Vec<Vec<String>> {
    let (_, table) = page.split_once(&format!("\n| {head}")).unwrap();
    let lines = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in lines {
        let line = line.trim_start_matches('|').trim_end_matches('|');
        let mut cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
        if cells[0].is_empty() {
            cells[0].clone_from(&rows.last().unwrap()[0]);
        }
        rows.push(cells);
    }
    assert!(!rows.is_empty(), "{head}");
    rows
}

/// The texts between backticks.
fn spans(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The seconds that a text begins with, such as `30 days after the deletion`.
fn seconds(text: &str) -> Option<u64> {
    let (number, rest) = text.split_once(' ')?;
    let number: u64 = number.parse().ok()?;
    let unit: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    match unit.as_str() {
        "days" => Some(number * DAY),
        "hours" => Some(number * 60 * 60),
        "seconds" => Some(number),
        _ => None,
    }
}

/// The constants of a source whose names have this word, in seconds.
fn constants(source: &str, word: &str) -> BTreeMap<String, u64> {
    let declared = source.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("pub ").strip_prefix("const ")?;
        let (name, rest) = line.split_once(": ")?;
        let (_, value) = rest.strip_suffix(';')?.split_once(" = ")?;
        name.contains(word).then_some((name, value))
    });
    let value = |(name, value): (&str, &str)| {
        let hours = value.strip_prefix("SignedDuration::from_hours(");
        let factors = hours.map_or(value, |hours| hours.trim_end_matches(')')).split(" * ");
        let product: u64 = factors.map(|factor| factor.parse::<u64>().unwrap()).product();
        let unit = match () {
            () if hours.is_some() => 60 * 60,
            () if name.ends_with("DAYS") => DAY,
            () => 1,
        };
        (name.to_owned(), product * unit)
    };
    declared.map(value).collect()
}

/// A number of a template, which may stand in it as text.
fn number(value: &Value) -> u64 {
    let text = || value.as_str().and_then(|text| text.parse().ok());
    value
        .as_u64()
        .or_else(text)
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn source(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn a_lifetime_is_what_its_constant_says() {
    let mut compared = 0;
    for row in rows(&page(), "Table | Rows") {
        let (lifetime, set_by) = (&row[4], spans(&row[6]));
        for place in set_by.chunks(2) {
            let [file, name] = place else { panic!("{place:?}") };
            let found = constants(&source(file), name);
            assert_eq!(seconds(lifetime), found.get(name).copied(), "{file} {name}: {lifetime}");
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn every_constant_of_a_lifetime_is_on_the_page() {
    let page = page();
    let folders = ["functions", "shared", "infra/xtask"].map(|folder| root().join(folder));
    let mut found = 0;
    for file in folders.iter().flat_map(|folder| files_below(folder)) {
        if file.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        for name in constants(&source(&path), "RETENTION").keys() {
            assert!(page.contains(&format!("`{path}` `{name}`")), "{path} {name} has no row");
            found += 1;
        }
    }
    assert!(found > 15, "{found}");
}

#[test]
fn no_personal_data_is_kept_forever() {
    let page = page();
    assert!(!page.contains("forever"));
    for row in rows(&page, "Table | Rows") {
        let has_end = row[4].contains(|c: char| c.is_ascii_digit())
            || ["minutes", "twice as long"]
                .iter()
                .any(|start| row[4].starts_with(start));
        assert!(has_end && !row[5].is_empty(), "{row:?}");
    }
    for row in rows(&page, "Table | Key") {
        assert!(!row[3].contains("personal") && !row[4].is_empty(), "{row:?}");
    }
}

#[test]
fn the_default_of_the_parameter_is_that_of_the_code() {
    let code = constants(&source("functions/bqs/src/retention.rs"), "DEFAULT_DAYS");
    let parameter = &template().section("Parameters")["CaseRetentionDays"];
    let days = |name: &str| number(&parameter[name]);
    assert_eq!(code["DEFAULT_DAYS"], days("Default") * DAY);
    // What the forwarder keeps has to outlive the margin, see `Retention`.
    let margin = constants(&source("functions/bqs/src/retention.rs"), "MARGIN")["MARGIN"];
    assert!(days("MinValue") * DAY > margin);
}

/// Every resource of a type, with its stack's file.
fn resources(kind: &str) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (_, path) in template().nested() {
        let stack = stack(path.strip_prefix("infra/stacks/").unwrap());
        let found = stack.resources(kind);
        all.extend(found.map(|(id, resource)| (path.to_owned(), id.to_owned(), resource["Properties"].clone())));
    }
    assert!(!all.is_empty(), "{kind}");
    all
}

/// A name of the page for a table's logical id: `IntegrationLog` is "Integration log".
fn plain(name: &str) -> String {
    name.replace(' ', "").to_lowercase()
}

#[test]
fn every_table_deletes_expired_rows_and_is_backed_up_as_the_page_says() {
    let page = page();
    let listed: BTreeMap<String, bool> = rows(&page, "Table | Recovery")
        .iter()
        .map(|row| (plain(&row[0]), row[1] == "on"))
        .collect();
    let mut found = BTreeMap::new();
    for (_, id, table) in resources("AWS::DynamoDB::Table") {
        assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "ttl", "{id}");
        assert_eq!(table["TimeToLiveSpecification"]["Enabled"], true, "{id}");
        let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
        found.insert(id.to_lowercase(), recovery.as_bool().unwrap());
    }
    assert_eq!(listed, found);
    let named: BTreeSet<String> = rows(&page, "Table | Rows")
        .iter()
        .map(|row| plain(row[0].split(" (").next().unwrap()))
        .collect();
    assert_eq!(named, found.into_keys().collect(), "each table has rows on the page");
}

#[test]
fn an_object_expires_when_the_page_says_and_its_versions_a_day_later() {
    let page = page();
    let listed = rows(&page, "Bucket | Objects");
    let buckets = resources("AWS::S3::Bucket");
    assert_eq!(listed.len(), buckets.len());
    for (path, id, bucket) in buckets {
        let row = listed
            .iter()
            .find(|row| row[0] == format!("{id} in `{path}`"))
            .unwrap_or_else(|| panic!("{id} in {path} has no row"));
        let rules: Vec<&Value> = items(&bucket["LifecycleConfiguration"]["Rules"]).collect();
        assert!(rules.iter().all(|rule| rule["Status"] == "Enabled"), "{id}");
        let expiring: Vec<_> = rules
            .iter()
            .filter(|rule| rule.get("ExpirationInDays").is_some())
            .collect();
        let [rule] = *expiring else {
            panic!("{id}: {expiring:?}")
        };
        let days = number(&rule["ExpirationInDays"]);
        assert_eq!(seconds(&row[3]), Some(days * DAY), "{id}");
        if let Some(prefix) = rule["Prefix"].as_str() {
            assert!(row[1].contains(&format!("`{prefix}")), "{id}: {prefix}");
        }
        let ends = |member: &str| rules.iter().find_map(|rule| rule.get(member)).cloned();
        let versions = ends("NoncurrentVersionExpiration").unwrap();
        assert_eq!(number(&versions["NoncurrentDays"]), 1, "{id}");
        let parts = ends("AbortIncompleteMultipartUpload").unwrap();
        assert_eq!(number(&parts["DaysAfterInitiation"]), 1, "{id}");
    }
}

#[test]
fn messages_and_logs_live_as_long_as_the_page_says() {
    let page = page().replace('\n', " ");
    let queues = "A message lives for 4 days in a queue and for 14 days in a dead-letter queue";
    assert!(page.contains(queues));
    for (path, id, queue) in resources("AWS::SQS::Queue") {
        let days = if queue.get("RedrivePolicy").is_some() { 4 } else { 14 };
        let life = number(&queue["MessageRetentionPeriod"]);
        assert_eq!(life, days * DAY, "{path} {id}");
    }
    assert!(page.contains("`/trunkline/<stage>/operations` for 30 days"));
    for (path, id, group) in resources("AWS::Logs::LogGroup") {
        assert_eq!(number(&group["RetentionInDays"]), 30, "{path} {id}");
        let name = string(&group["LogGroupName"]["Fn::Sub"]).replace("${Stage}", "<stage>");
        assert!(page.contains(&format!("`{name}`")), "{path} {name}");
    }
    assert!(members(template().section("Resources")).all(|(_, resource)| resource["Type"] != "AWS::Logs::LogGroup"));
}

/// The beginnings of the keys of rows without an end, by table, as the end-to-end tests compare them.
pub fn endless() -> BTreeMap<String, Vec<String>> {
    let mut endless: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows(&page(), "Table | Key") {
        endless.entry(plain(&row[0])).or_default().extend(spans(&row[1]));
    }
    endless
}
