//! The result of a fuzz run, counted from schemathesis's events, and whether it passes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Value, json};

use crate::failure::{Context, Result};

const QUOTES: &str = "POST /api/integration/quotes/generate";
/// The first call that each funder gets for a quote.
const FIRST_CALLS: [&str; 2] = ["/lex/quote", "/alphabet/details"];

/// The counts of one operation.
#[derive(Default)]
struct Operation {
    cases: u64,
    statuses: BTreeMap<u64, u64>,
    failures: BTreeMap<String, u64>,
}

#[derive(Default)]
pub struct Cases {
    operations: BTreeMap<String, Operation>,
    /// Errors of schemathesis itself.
    errors: BTreeSet<String>,
}

pub struct Report {
    cases: Cases,
    reached: u64,
    wanted: u64,
}

/// The number of quotes that the simulated funders received.
pub fn funder_quotes(calls: &Value) -> u64 {
    FIRST_CALLS
        .iter()
        .filter_map(|path| calls.pointer(path)?.as_u64())
        .sum()
}

impl Cases {
    /// Counts one run's events. Returns whether the run finished.
    pub fn read(&mut self, events: &Path) -> Result<bool> {
        let mut finished = false;
        let lines = BufReader::new(File::open(events).context(events.display())?).lines();
        for line in lines {
            let line = line.context(events.display())?;
            let event: Value = serde_json::from_str(&line).context(events.display())?;
            if let Some(scenario) = event.pointer("/ScenarioFinished/recorder") {
                self.count(scenario);
            }
            for kind in ["NonFatalError", "FatalError"] {
                if let Some(error) = event.get(kind) {
                    self.errors.insert(error.to_string().chars().take(400).collect());
                }
            }
            finished |= event.get("EngineFinished").is_some();
        }
        Ok(finished)
    }

    fn count(&mut self, scenario: &Value) {
        let members = |name: &str| scenario.get(name).and_then(Value::as_object).into_iter().flatten();
        let label = |id: &str| -> String {
            let case = scenario.pointer(&format!("/cases/{id}/value"));
            let text = |name| case.and_then(|case| case.get(name)?.as_str()).unwrap_or("?");
            format!("{} {}", text("method"), text("path"))
        };
        for (id, interaction) in members("interactions") {
            let operation = self.operations.entry(label(id)).or_default();
            operation.cases += 1;
            let status = interaction.pointer("/response/status_code").and_then(Value::as_u64);
            *operation.statuses.entry(status.unwrap_or_default()).or_default() += 1;
        }
        for (id, checks) in members("checks") {
            let failed = checks.as_array().into_iter().flatten();
            for check in failed.filter(|check| check.get("status") == Some(&json!("failure"))) {
                let name = check.get("name").and_then(Value::as_str).unwrap_or("?");
                let operation = self.operations.entry(label(id)).or_default();
                *operation.failures.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
}

impl Operation {
    /// Answers from 500 up, and requests without an answer.
    fn server_errors(&self) -> u64 {
        let errors = self
            .statuses
            .iter()
            .filter(|(status, _)| **status == 0 || **status >= 500);
        errors.map(|(_, count)| count).sum()
    }
}

impl Report {
    pub fn new(cases: Cases, reached: u64, wanted: u64) -> Self {
        Self { cases, reached, wanted }
    }

    fn sum(&self, of: impl Fn(&Operation) -> u64) -> u64 {
        self.cases.operations.values().map(of).sum()
    }

    fn all(&self) -> u64 {
        self.sum(|operation| operation.cases)
    }

    fn failures(&self) -> u64 {
        self.sum(|operation| operation.failures.values().sum())
    }

    fn quotes(&self) -> u64 {
        self.cases.operations.get(QUOTES).map_or(0, |operation| operation.cases)
    }

    pub fn json(&self) -> Value {
        let operations = self.cases.operations.iter().map(|(name, operation)| {
            let counts = json!({
                "cases": operation.cases,
                "statuses": operation.statuses,
                "failures": operation.failures,
                "serverErrors": operation.server_errors(),
            });
            (name.clone(), counts)
        });
        json!({
            "cases": self.all(),
            "failures": self.failures(),
            "serverErrors": self.sum(Operation::server_errors),
            "errors": self.cases.errors,
            "quotePosts": self.quotes(),
            "quotePostsThatReachedTheFunder": self.reached,
            "operations": operations.collect::<BTreeMap<_, _>>(),
        })
    }

    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, operation) in &self.cases.operations {
            let statuses: Vec<_> = operation
                .statuses
                .iter()
                .map(|(status, n)| format!("{status}: {n}"))
                .collect();
            let _ = writeln!(text, "{:>6}  {name}  ({})", operation.cases, statuses.join(", "));
            for (check, count) in &operation.failures {
                let _ = writeln!(text, "        FAILED {check}: {count}");
            }
        }
        for error in &self.cases.errors {
            let _ = writeln!(text, "        ERROR {error}");
        }
        let _ = writeln!(
            text,
            "{} cases, {} failures, {} answers from 500 up; {} of {} quote POSTs reached the funder",
            self.all(),
            self.failures(),
            self.sum(Operation::server_errors),
            self.reached,
            self.quotes()
        );
        text
    }

    /// A documented answer from 500 up is a failure too, because nothing on this stack is broken.
    pub fn verdict(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.all() < self.wanted {
            problems.push(format!("{} cases are fewer than {}", self.all(), self.wanted));
        }
        if self.failures() > 0 || !self.cases.errors.is_empty() {
            problems.push(format!(
                "{} failures, {} errors",
                self.failures(),
                self.cases.errors.len()
            ));
        }
        if self.sum(Operation::server_errors) > 0 {
            problems.push(format!("{} answers from 500 up", self.sum(Operation::server_errors)));
        }
        if self.reached * 2 < self.quotes() {
            problems.push("less than half of the quote POSTs reached the funder".to_owned());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("; ").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(status: u64, check: &str, reached: u64) -> Report {
        let mut cases = Cases::default();
        cases.count(&json!({
            "label": "x",
            "cases": {"A": {"value": {"method": "POST", "path": "/api/integration/quotes/generate"}}},
            "interactions": {"A": {"response": {"status_code": status}}},
            "checks": {"A": [{"name": "not_a_server_error", "status": check}]},
        }));
        Report::new(cases, reached, 1)
    }

    #[test]
    fn the_verdict_fails_on_failures_server_errors_and_too_few_cases() {
        assert!(run(201, "success", 1).verdict().is_ok());
        assert!(run(201, "failure", 1).verdict().is_err());
        assert!(run(503, "success", 1).verdict().is_err());
        assert!(run(201, "success", 0).verdict().is_err());
        let few = Report {
            wanted: 2,
            ..run(201, "success", 1)
        };
        assert!(few.verdict().is_err());
    }

    #[test]
    fn only_the_first_call_of_a_quote_counts() {
        let calls = json!({"lex": {"quote": 3, "proposal": 9}, "alphabet": {"details": 4, "defaults": 4}});
        assert_eq!(funder_quotes(&calls), 7);
    }
}
