//! What a stage costs a month, line by line: `infra/cost/prices.json`, the templates, and what a quote uses.
//!
//! A test of the funders counts what stands under `counted` in `infra/cost/usage.json`, and a test of the metrics what stands under
//! `customMetrics`; what stands under `assumed` is an assumption.

use std::fmt::Write;

use clap::Args;
use serde_json::Value;

use crate::failure::{Context, Failure, Result};
use crate::files;
use crate::progress;
use crate::translated;
use crate::venv::Venv;
use crate::workspace::Workspace;

const MILLION: f64 = 1e6;
const GIGABYTE: f64 = 1e9;
const HOURS_OF_A_MONTH: f64 = 730.0;
/// The memory of every function.
const GIGABYTES: f64 = 0.25;
/// How long a poller of a queue waits for a message.
const POLL_SECONDS: f64 = 20.0;
/// A message is sent, received and deleted.
const REQUESTS_OF_A_MESSAGE: f64 = 3.0;
/// The lifetime of a quote, and of the row of its call.
const MONTHS_STORED: f64 = 3.0;
const MONTHS_LOGGED: f64 = 1.0;

#[derive(Args)]
pub struct Options {
    /// Quotes a month, beside the idle stage
    #[arg(long, default_value_t = 1_000_000)]
    quotes: u32,
}

pub fn cost(options: &Options) -> Result<()> {
    let workspace = Workspace::load()?;
    let venv = Venv::ready(&workspace)?;
    progress::print(tables(&workspace, &venv, options.quotes)?);
    Ok(())
}

fn tables(workspace: &Workspace, venv: &Venv, quotes: u32) -> Result<String> {
    let json = |name: &str| {
        let file = workspace.root.join("infra/cost").join(name);
        serde_json::from_str::<Value>(&files::read(&file)?).context(name)
    };
    let (prices, usage) = (json("prices.json")?, json("usage.json")?);
    let stage = IdleResources::of(&translated::all(workspace, venv)?);
    let prices = Prices(&prices);
    let mut text = String::new();
    idle(&stage, &usage, prices)?.write(&mut text, "An idle stage")?;
    text.push('\n');
    let quotes = f64::from(quotes);
    busy(quotes, &usage, prices)?.write(&mut text, &format!("{} quotes a month", grouped(quotes)))?;
    Ok(text)
}

/// What stands in the templates and costs something while there are no calls.
#[derive(Default)]
struct IdleResources {
    secrets: f64,
    keys: f64,
    alarm_metrics: f64,
    dashboards: f64,
    queues: f64,
    /// A month.
    scheduled_runs: f64,
}

impl IdleResources {
    fn of(templates: &[(String, Value)]) -> Self {
        let resources = templates.iter().flat_map(|(_, resources)| resources.as_object());
        let mut stage = Self::default();
        for resource in resources.flat_map(|resources| resources.values()) {
            let property = |path: &str| resource.pointer(&format!("/Properties/{path}"));
            match resource.get("Type").and_then(Value::as_str).unwrap_or_default() {
                "AWS::SecretsManager::Secret" => stage.secrets += 1.0,
                "AWS::KMS::Key" => stage.keys += 1.0,
                "AWS::CloudWatch::Dashboard" => stage.dashboards += 1.0,
                "AWS::Lambda::EventSourceMapping" => stage.queues += 1.0,
                "AWS::CloudWatch::Alarm" => stage.alarm_metrics += watched(property("Metrics")),
                "AWS::Events::Rule" => {
                    let rate = property("ScheduleExpression").and_then(Value::as_str);
                    stage.scheduled_runs += rate.map_or(0.0, runs);
                }
                _ => {}
            }
        }
        stage
    }
}

/// The metrics that an alarm watches: one, or those of its expression.
fn watched(metrics: Option<&Value>) -> f64 {
    let metrics = metrics.and_then(Value::as_array).map(Vec::as_slice);
    let read = metrics.map(|metrics| metrics.iter().filter(|metric| metric.get("MetricStat").is_some()));
    read.map_or(1.0, |read| read.map(|_| 1.0).sum())
}

/// How often `rate(5 minutes)` runs in a month.
fn runs(rate: &str) -> f64 {
    let minutes = rate.trim_start_matches("rate(").split(' ').next();
    let minutes: Option<f64> = minutes.and_then(|minutes| minutes.parse().ok());
    minutes.map_or(0.0, |minutes| HOURS_OF_A_MONTH * 60.0 / minutes)
}

#[derive(Clone, Copy)]
struct Prices<'a>(&'a Value);

impl<'a> Prices<'a> {
    /// Dollars, and for what.
    fn of(self, name: &str) -> Result<(f64, &'a str)> {
        let price = self.0.pointer(&format!("/prices/{name}"));
        let read = price.and_then(|price| Some((price.get("dollars")?.as_f64()?, price.get("per")?.as_str()?)));
        read.ok_or_else(|| Failure::from(format!("prices.json has no `{name}`")))
    }
}

/// A number of `usage.json`.
fn used(usage: &Value, path: &str) -> Result<f64> {
    let number = usage.pointer(path).and_then(Value::as_f64);
    number.ok_or_else(|| Failure::from(format!("usage.json has no `{path}`")))
}

struct Bill<'a> {
    prices: Prices<'a>,
    lines: Vec<(&'static str, String, f64)>,
}

impl<'a> Bill<'a> {
    fn new(prices: Prices<'a>) -> Self {
        Self {
            prices,
            lines: Vec::new(),
        }
    }

    /// A line: `how` says how `quantity` comes about, in the unit of the price.
    fn add(&mut self, what: &'static str, how: String, quantity: f64, price: &str) -> Result<()> {
        let (dollars, per) = self.prices.of(price)?;
        self.lines
            .push((what, format!("{how} × ${dollars} per {per}"), quantity * dollars));
        Ok(())
    }

    fn write(&self, text: &mut String, title: &str) -> Result<()> {
        let sum: f64 = self.lines.iter().map(|(.., dollars)| dollars).sum();
        let mut rows = vec![format!("| {title} | Arithmetic | $ a month |\n|---|---|---|")];
        for (what, how, dollars) in &self.lines {
            rows.push(format!("| {what} | {how} | {dollars:.2} |"));
        }
        rows.push(format!("| **Sum** | | **{sum:.2}** |"));
        writeln!(text, "{}", rows.join("\n")).context("a table")
    }
}

fn idle<'a>(stage: &IdleResources, usage: &Value, prices: Prices<'a>) -> Result<Bill<'a>> {
    let mut bill = Bill::new(prices);
    let one = |name: &str, count: f64| format!("{count} {name}");
    bill.add(
        "Secrets",
        one("secrets", stage.secrets),
        stage.secrets,
        "Secrets Manager",
    )?;
    bill.add("Key", one("key", stage.keys), stage.keys, "KMS")?;
    bill.add(
        "Alarms",
        one("metrics that alarms watch", stage.alarm_metrics),
        stage.alarm_metrics,
        "CloudWatch alarms",
    )?;
    bill.add(
        "Dashboard",
        one("dashboard", stage.dashboards),
        stage.dashboards,
        "CloudWatch dashboards",
    )?;
    let metrics = used(usage, "/customMetrics/idle")?;
    bill.add(
        "Metrics of schedules",
        one("metrics", metrics),
        metrics,
        "CloudWatch metrics",
    )?;
    let pollers = used(usage, "/assumed/pollersOfAQueue")?;
    let polls = stage.queues * pollers * HOURS_OF_A_MONTH * 3600.0 / POLL_SECONDS / MILLION;
    bill.add(
        "Polling of queues",
        format!(
            "{} queues × {pollers} pollers every {POLL_SECONDS} s = {polls:.2} M requests",
            stage.queues
        ),
        polls,
        "SQS",
    )?;
    let runs = stage.scheduled_runs;
    let seconds = used(usage, "/scheduledRun/assumed/functionSeconds")?;
    let time = runs * seconds * GIGABYTES;
    bill.add(
        "Time of schedules",
        format!("{} runs × {seconds} s × {GIGABYTES} GB", grouped(runs)),
        time,
        "Lambda time",
    )?;
    bill.add(
        "Runs of schedules",
        format!("{} runs", grouped(runs)),
        runs / MILLION,
        "Lambda requests",
    )?;
    let reads = used(usage, "/scheduledRun/assumed/readUnits")?;
    bill.add(
        "Reads of schedules",
        format!("{} runs × {reads} units", grouped(runs)),
        runs * reads / MILLION,
        "DynamoDB reads",
    )?;
    let bytes = used(usage, "/scheduledRun/assumed/logBytes")?;
    bill.add(
        "Log lines of schedules",
        format!("{} runs × {bytes} bytes", grouped(runs)),
        runs * bytes / GIGABYTE,
        "CloudWatch logs",
    )?;
    Ok(bill)
}

fn busy<'a>(quotes: f64, usage: &Value, prices: Prices<'a>) -> Result<Bill<'a>> {
    let counted = |name: &str| used(usage, &format!("/quote/counted/{name}"));
    let assumed = |name: &str| used(usage, &format!("/quote/assumed/{name}"));
    let mut bill = Bill::new(prices);
    let (seconds, functions) = (assumed("functionSeconds")?, assumed("functions")?);
    let (writes, halves) = (counted("writeUnits")?, counted("halfReadUnits")?);
    let messages = counted("messages")? + counted("events")?;
    let (stored, logged) = (counted("storedBytes")?, counted("loggedBytes")?);
    let metrics = used(usage, "/customMetrics/busy")?;
    bill.add(
        "API Gateway",
        "1 request each".to_owned(),
        quotes / MILLION,
        "API Gateway",
    )?;
    bill.add(
        "Time of functions",
        format!("{seconds} s × {GIGABYTES} GB each"),
        quotes * seconds * GIGABYTES,
        "Lambda time",
    )?;
    bill.add(
        "Runs of functions",
        format!("{functions} runs each"),
        quotes * functions / MILLION,
        "Lambda requests",
    )?;
    bill.add(
        "DynamoDB writes",
        format!("{writes} units each"),
        quotes * writes / MILLION,
        "DynamoDB writes",
    )?;
    bill.add(
        "DynamoDB reads",
        format!("{} units each", halves / 2.0),
        quotes * halves / 2.0 / MILLION,
        "DynamoDB reads",
    )?;
    bill.add(
        "Storage",
        format!("({stored} bytes × {MONTHS_STORED} months + {logged} × {MONTHS_LOGGED}) each"),
        quotes * (stored * MONTHS_STORED + logged * MONTHS_LOGGED) / GIGABYTE,
        "DynamoDB storage",
    )?;
    bill.add(
        "Point-in-time recovery",
        format!("{stored} bytes × {MONTHS_STORED} months each"),
        quotes * stored * MONTHS_STORED / GIGABYTE,
        "DynamoDB recovery",
    )?;
    bill.add(
        "SQS",
        format!("{messages} messages × {REQUESTS_OF_A_MESSAGE} requests each"),
        quotes * messages * REQUESTS_OF_A_MESSAGE / MILLION,
        "SQS",
    )?;
    bill.add(
        "EventBridge",
        "1 event each".to_owned(),
        quotes / MILLION,
        "EventBridge",
    )?;
    bill.add("Metrics", format!("{metrics} metrics"), metrics, "CloudWatch metrics")?;
    let bytes = assumed("logBytes")?;
    bill.add(
        "Log lines",
        format!("{bytes} bytes each"),
        quotes * bytes / GIGABYTE,
        "CloudWatch logs",
    )?;
    let bytes = assumed("bytesOut")?;
    bill.add(
        "Data to the internet",
        format!("{bytes} bytes each"),
        quotes * bytes / GIGABYTE,
        "Data to the internet",
    )?;
    Ok(bill)
}

/// A whole number with commas.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stage_is_counted() {
        let resources = json!({
            "A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}},
            "B": {"Type": "AWS::CloudWatch::Alarm", "Properties": {
                "Metrics": [{"Expression": "a + b"}, {"MetricStat": {}}, {"MetricStat": {}}],
            }},
            "C": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(5 minutes)"}},
            "D": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {}}},
            "E": {"Type": "AWS::SecretsManager::Secret"},
        });
        let stage = IdleResources::of(&[("template.yaml".to_owned(), resources)]);
        assert_eq!((stage.alarm_metrics, stage.secrets), (3.0, 1.0));
        assert_eq!(stage.scheduled_runs, 730.0 * 12.0);
    }

    #[test]
    fn a_bill_is_its_lines() {
        let prices = json!({"prices": {"apple": {"dollars": 0.5, "per": "apple"}}});
        let mut bill = Bill::new(Prices(&prices));
        bill.add("Apples", "3 apples".to_owned(), 3.0, "apple").unwrap();
        let mut text = String::new();
        bill.write(&mut text, "Fruit").unwrap();
        assert!(
            text.contains("| Apples | 3 apples × $0.5 per apple | 1.50 |\n| **Sum** | | **1.50** |"),
            "{text}"
        );
        assert!(bill.add("Pears", String::new(), 1.0, "pear").is_err());
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(500.0), "500");
    }
}
