//! The custom metrics of a stage: how many the functions and the log filters make, and who reads them.

use std::collections::{BTreeMap, BTreeSet};

use model::partner::PARTNERS;
use runtime::port::metric::{COUNTERS, logged};
use serde_json::{Value, json};

use crate::declared::{self, Declared};
use crate::stacks::{ALARM, stacks};
use crate::template::{Function, functions, items, stack, string};

const NAMESPACE: &str = "Trunkline";
/// The metrics of the stage, of a domain, and of an environment of a partner: requests, failures, times.
const METRICS_OF_EACH: usize = 3;

/// CloudWatch makes a metric of each name and set of dimensions with their values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CustomMetric {
    name: String,
    dimensions: BTreeMap<String, String>,
}

impl CustomMetric {
    fn new(name: &Value, dimensions: impl Iterator<Item = (String, String)>) -> Self {
        Self {
            name: string(name),
            dimensions: dimensions.collect(),
        }
    }

    fn has_dimensions(&self, names: &[&str]) -> bool {
        self.dimensions.keys().eq(BTreeSet::from_iter(names.iter().copied()))
    }
}

/// The metrics of a function that calls every partner and raises every counter.
fn of_function(function: &Declared) -> BTreeSet<CustomMetric> {
    let environments = |partner: &'static model::partner::Partner| {
        let environments = partner.environments.iter();
        environments.map(move |environment| (partner.name, *environment))
    };
    let partners: Vec<_> = PARTNERS.iter().flat_map(environments).collect();
    of_lines(function, &partners, &COUNTERS)
}

/// The metrics that CloudWatch makes of the log lines of a function.
fn of_lines(function: &Declared, partners: &[(&str, &str)], counters: &[&'static str]) -> BTreeSet<CustomMetric> {
    let mut metrics = BTreeSet::new();
    for line in logged(function.domain, function.name, partners, counters) {
        let entry: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(entry["Function"], function.name, "Logs Insights splits by it");
        for directive in items(&entry["_aws"]["CloudWatchMetrics"]) {
            assert_eq!(directive["Namespace"], NAMESPACE);
            for metric in items(&directive["Metrics"]) {
                for set in items(&directive["Dimensions"]) {
                    let dimensions = items(set).map(|name| (string(name), string(&entry[string(name)])));
                    metrics.insert(CustomMetric::new(&metric["Name"], dimensions));
                }
            }
        }
    }
    metrics
}

/// The metrics that the filters of log groups make.
fn of_filters() -> BTreeSet<CustomMetric> {
    let mut metrics = BTreeSet::new();
    for stack in stacks() {
        for (id, filter) in stack.template.resources("AWS::Logs::MetricFilter") {
            for metric in items(&filter["Properties"]["MetricTransformations"]) {
                assert_eq!(metric["MetricNamespace"], NAMESPACE, "{id}");
                let dimensions = items(&metric["Dimensions"]).map(|each| {
                    assert_eq!(each["Value"], "$.stage", "{id}");
                    (string(&each["Key"]), "test".to_owned())
                });
                metrics.insert(CustomMetric::new(&metric["MetricName"], dimensions));
            }
        }
    }
    metrics
}

/// Every custom metric of a stage that uses everything.
fn made() -> BTreeSet<CustomMetric> {
    let functions = declared::functions();
    functions.iter().flat_map(of_function).chain(of_filters()).collect()
}

/// The custom metrics that alarms watch, with the alarms' ids.
fn watched() -> Vec<(String, CustomMetric)> {
    let mut watched = Vec::new();
    for stack in stacks() {
        for (id, alarm) in stack.template.resources(ALARM) {
            let properties = &alarm["Properties"];
            let metrics = items(&properties["Metrics"]).map(|each| &each["MetricStat"]["Metric"]);
            for metric in metrics
                .chain([properties])
                .filter(|metric| metric["Namespace"] == NAMESPACE)
            {
                let dimensions = items(&metric["Dimensions"]).map(|each| {
                    let value = &each["Value"];
                    let value = if value["Ref"] == "Stage" {
                        "test".to_owned()
                    } else {
                        string(value)
                    };
                    (string(&each["Name"]), value)
                });
                watched.push((id.to_owned(), CustomMetric::new(&metric["MetricName"], dimensions)));
            }
        }
    }
    watched
}

/// The rows of the dashboard's widgets.
fn rows() -> Vec<Value> {
    let operations = stack("operations.yaml");
    let (_, dashboard) = operations.resources("AWS::CloudWatch::Dashboard").next().unwrap();
    let body = string(&dashboard["Properties"]["DashboardBody"]["Fn::Sub"][0]).replace("${Stage}", "test");
    let body: Value = serde_json::from_str(&body).unwrap();
    let widgets = items(&body["widgets"]).flat_map(|widget| items(&widget["properties"]["metrics"]));
    widgets.cloned().collect()
}

/// What a row of the dashboard shows of `made`. Nothing, if it shows metrics of AWS.
fn shown(row: &Value, made: &BTreeSet<CustomMetric>) -> BTreeSet<CustomMetric> {
    let found = match row[0]["expression"].as_str() {
        Some(expression) => {
            let (_, rest) = expression.split_once(&format!("{{{NAMESPACE},")).unwrap();
            let (names, rest) = rest.split_once('}').unwrap();
            let names: Vec<&str> = names.split(',').collect();
            let (_, name) = rest.split_once("MetricName=\"").unwrap();
            let name = name.split('"').next().unwrap();
            let of_search = made
                .iter()
                .filter(|metric| metric.name == name && metric.has_dimensions(&names));
            of_search.cloned().collect()
        }
        None if row[0] == NAMESPACE => {
            let texts: Vec<&Value> = items(row).skip(2).filter(|each| each.is_string()).collect();
            let (pairs, rest) = texts.as_chunks::<2>();
            assert!(rest.is_empty(), "{row}");
            let dimensions = pairs.iter().map(|[name, value]| (string(name), string(value)));
            BTreeSet::from([CustomMetric::new(&row[1], dimensions)])
        }
        None => return BTreeSet::new(),
    };
    assert!(!found.is_empty() && found.is_subset(made), "no function makes {row}");
    found
}

#[test]
fn the_bill_of_a_month_has_every_custom_metric() {
    let scheduled: Vec<String> = functions()
        .into_iter()
        .filter(Function::is_scheduled)
        .map(|each| each.binary)
        .collect();
    let all = declared::functions();
    let runs = all
        .iter()
        .filter(|function| scheduled.iter().any(|name| name == function.name));
    let idle: BTreeSet<_> = runs.flat_map(|function| of_lines(function, &[], &[])).collect();
    let recorded = json!({"idle": idle.len(), "busy": made().len() - idle.len()});
    let usage: Value = serde_json::from_str(include_str!("../infra/cost/usage.json")).unwrap();
    assert_eq!(usage["customMetrics"], recorded, "infra/cost/usage.json");
}

#[test]
fn a_stage_makes_few_custom_metrics() {
    let (made, functions) = (made(), declared::functions());
    let domains: BTreeSet<_> = functions.iter().map(|function| function.domain).collect();
    let environments: usize = PARTNERS.iter().map(|partner| partner.environments.len()).sum();
    let most = METRICS_OF_EACH * (1 + domains.len() + environments) + COUNTERS.len() + of_filters().len();
    assert!(made.len() <= most, "{}: $0.30 a month each\n{made:#?}", made.len());
    let more = functions.iter().find(|function| {
        let mut values = made.iter().flat_map(|metric| metric.dimensions.values());
        values.any(|value| value == function.name)
    });
    assert!(more.is_none(), "a metric of each function");
}

#[test]
fn what_alarms_and_the_dashboard_read_is_what_the_functions_make() {
    let made = made();
    let watched = watched();
    assert!(watched.len() > 8);
    for (id, metric) in &watched {
        assert!(made.contains(metric), "nothing makes {metric:?} of {id}");
    }
    let mut read: BTreeSet<CustomMetric> = watched.into_iter().map(|(_, metric)| metric).collect();
    for row in rows() {
        read.extend(shown(&row, &made));
    }
    let unread: Vec<_> = made.difference(&read).collect();
    assert!(
        unread.is_empty(),
        "no alarm and no row of the dashboard reads {unread:#?}"
    );
}
