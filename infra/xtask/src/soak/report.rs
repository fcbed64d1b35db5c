//! The result of a soak run, and whether it passes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::failure::Result;

/// Minimum share of orders that are final within 60 s, of the orders with at most [`ATTEMPT_LIMIT`] attempts.
const MIN_SHARE_IN_TIME: f64 = 0.999;
/// Attempts of an order with two crashes: one more for each crash.
const ATTEMPT_LIMIT: u64 = 3;

pub struct Report {
    /// The orders as the marketplace has them.
    pub orders: Vec<Value>,
    /// The hub's row of each order.
    pub rows: Vec<Option<Value>>,
    /// The provider's counts of its deliveries and effects.
    pub provider: Value,
    pub killed: u32,
}

pub struct Figures {
    orders: usize,
    is_final: usize,
    /// Accepted with 2xx, and the hub has no row.
    lost: usize,
    /// No webhook accepted with 2xx.
    never_accepted: usize,
    duplicated_effects: usize,
    /// Orders with two final states, or with different final states in the hub and at the marketplace.
    conflicts: usize,
    most_deliveries: u64,
    most_attempts: u64,
    /// Orders with at most [`ATTEMPT_LIMIT`] attempts.
    within_attempts: usize,
    /// Those of them that are final within 60 s.
    in_time: usize,
    /// From the first webhook to the final state, in milliseconds, sorted.
    took: Vec<i64>,
    killed: u32,
}

fn number(document: &Value, member: &str) -> u64 {
    document.get(member).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document.get(member).and_then(Value::as_str).unwrap_or_default()
}

fn is_true(document: &Value, member: &str) -> bool {
    document.get(member) == Some(&Value::Bool(true))
}

/// Whether the hub answered a webhook of this order with 2xx.
fn is_accepted(order: &Value) -> bool {
    let webhooks = order.get("webhooks").and_then(Value::as_array);
    webhooks
        .into_iter()
        .flatten()
        .any(|webhook| (200..300).contains(&number(webhook, "status")))
}

/// The values of a member that maps orders to counts.
fn counts<'a>(provider: &'a Value, member: &str) -> impl Iterator<Item = u64> + 'a {
    let counts = provider.get(member).and_then(Value::as_object);
    counts.into_iter().flatten().filter_map(|(_, count)| count.as_u64())
}

impl Report {
    pub fn figures(&self) -> Figures {
        let rows: BTreeMap<&str, &Value> = self.rows.iter().flatten().map(|row| (text(row, "id"), row)).collect();
        let row = |order: &Value| rows.get(text(order, "id")).copied();
        let attempts = |order: &Value| row(order).map_or(u64::MAX, |row| number(row, "attempts"));
        let differs = |order: &Value| row(order).is_some_and(|row| text(row, "status") != text(order, "status"));
        let count = |wanted: &dyn Fn(&Value) -> bool| self.orders.iter().filter(|order| wanted(order)).count();
        let is_within_attempts = |order: &Value| attempts(order) <= ATTEMPT_LIMIT;
        let took = self
            .orders
            .iter()
            .filter_map(|order| order.get("finalAfter").and_then(Value::as_i64));
        let mut took: Vec<i64> = took.collect();
        took.sort_unstable();
        Figures {
            // An order that the marketplace does not have is not final either.
            orders: self.rows.len().max(self.orders.len()),
            is_final: count(&|order| is_true(order, "final")),
            lost: count(&|order| is_accepted(order) && row(order).is_none()),
            never_accepted: count(&|order| !is_accepted(order)),
            duplicated_effects: counts(&self.provider, "effects").filter(|count| *count > 1).count(),
            conflicts: count(&|order| number(order, "conflicts") > 0 || (is_true(order, "final") && differs(order))),
            most_deliveries: counts(&self.provider, "deliveries").max().unwrap_or_default(),
            most_attempts: self
                .rows
                .iter()
                .flatten()
                .map(|row| number(row, "attempts"))
                .max()
                .unwrap_or_default(),
            within_attempts: count(&is_within_attempts),
            in_time: count(&|order| is_within_attempts(order) && is_true(order, "inTime")),
            took,
            killed: self.killed,
        }
    }
}

impl Figures {
    fn share_in_time(&self) -> f64 {
        share(self.in_time, self.within_attempts)
    }

    /// The time within which this share of the final orders was final, in milliseconds.
    fn quantile(&self, percent: usize) -> i64 {
        let rank = (self.took.len() * percent).div_ceil(100).max(1);
        self.took.get(rank - 1).copied().unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        json!({
            "orders": self.orders,
            "final": self.is_final,
            "lost": self.lost,
            "neverAccepted": self.never_accepted,
            "duplicatedEffects": self.duplicated_effects,
            "conflictingFinals": self.conflicts,
            "mostDeliveriesOfOneMessage": self.most_deliveries,
            "mostAttempts": self.most_attempts,
            "threeAttemptsAtMost": self.within_attempts,
            "ofThoseFinalWithin60s": self.share_in_time(),
            "finalAfterMs": {
                "p50": self.quantile(50), "p95": self.quantile(95), "p99": self.quantile(99), "max": self.quantile(100),
            },
            "processesKilled": self.killed,
        })
    }

    pub fn text(&self) -> String {
        format!(
            "{} of {} orders final, {} lost, {} never accepted; {} processes killed\n\
             {} duplicate provider effects, {} conflicting final states; at most {} deliveries of a message, {} attempts at an order\n\
             {:.4} of the {} orders with at most {ATTEMPT_LIMIT} attempts final within 60 s of the webhook\n\
             final after p50 {} ms, p95 {} ms, p99 {} ms, max {} ms, including the emulator's own time",
            self.is_final,
            self.orders,
            self.lost,
            self.never_accepted,
            self.killed,
            self.duplicated_effects,
            self.conflicts,
            self.most_deliveries,
            self.most_attempts,
            self.share_in_time(),
            self.within_attempts,
            self.quantile(50),
            self.quantile(95),
            self.quantile(99),
            self.quantile(100),
        )
    }

    pub fn verdict(&self) -> Result<()> {
        let is_in_time = self.share_in_time() >= MIN_SHARE_IN_TIME;
        let criteria = [
            (self.is_final == self.orders, "not every order is final"),
            (self.lost == 0, "orders are lost"),
            (self.duplicated_effects == 0, "the provider acted twice"),
            (self.conflicts == 0, "final states conflict"),
            (is_in_time, "too many orders were not final within 60 s"),
        ];
        let unmet = criteria.iter().filter(|(met, _)| !met);
        let unmet: Vec<&str> = unmet.map(|(_, what)| *what).collect();
        if unmet.is_empty() {
            Ok(())
        } else {
            Err(unmet.join("; ").into())
        }
    }
}

/// The share of an empty whole is 1.
fn share(part: usize, whole: usize) -> f64 {
    let count = |number| u32::try_from(number).map_or(f64::MAX, f64::from);
    if whole == 0 { 1.0 } else { count(part) / count(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(id: &str, status: &str, after: i64) -> Value {
        json!({
            "id": id, "status": status, "final": true, "finalAfter": after, "inTime": after <= 60_000, "conflicts": 0,
            "webhooks": [{"error": "reset"}, {"status": 200}],
        })
    }

    fn row(id: &str, attempts: u64) -> Option<Value> {
        Some(json!({"id": id, "status": "Succesful", "attempts": attempts}))
    }

    fn report() -> Report {
        Report {
            orders: vec![order("a", "Succesful", 500), order("b", "Succesful", 61_000)],
            rows: vec![row("a", 1), row("b", 5)],
            provider: json!({"effects": {"a": 1, "b": 1}, "deliveries": {"a": 1, "b": 4}}),
            killed: 3,
        }
    }

    #[test]
    fn a_good_run_passes() {
        let figures = report().figures();
        figures.verdict().unwrap();
        assert_eq!((figures.quantile(50), figures.quantile(100)), (500, 61_000));
        assert_eq!((figures.within_attempts, figures.most_deliveries), (1, 4));
    }

    #[test]
    fn each_unmet_criterion_fails_the_run() {
        let verdict = |change: &dyn Fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.figures().verdict().unwrap_err().to_string()
        };
        assert!(verdict(&|report| report.orders[0]["final"] = json!(false)).contains("not every order"));
        assert!(verdict(&|report| drop(report.orders.pop())).contains("not every order"));
        assert!(verdict(&|report| report.rows[0] = None).contains("lost"));
        assert!(verdict(&|report| report.provider["effects"]["a"] = json!(2)).contains("acted twice"));
        assert!(verdict(&|report| report.orders[0]["conflicts"] = json!(1)).contains("conflict"));
        assert!(verdict(&|report| report.orders[0]["status"] = json!("Failed")).contains("conflict"));
        assert!(verdict(&|report| report.rows[1] = row("b", 3)).contains("within 60 s"));
    }
}
