//! What came of the orders, and whether that is good enough.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::failure::Result;

/// Of the orders with at most two crashes so many are final within their user's minute.
const IN_TIME: f64 = 0.999;
/// How often such an order was taken on at most: once more for each crash.
const ATTEMPTS: u64 = 3;

/// What was found.
pub struct Report {
    /// Each order as the marketplace has seen it.
    pub orders: Vec<Value>,
    /// Each order as the hub has it.
    pub rows: Vec<Option<Value>>,
    /// What the provider was asked.
    pub provider: Value,
    pub killed: u32,
}

pub struct Figures {
    orders: usize,
    is_final: usize,
    /// Taken with 2xx, and the hub has no row.
    lost: usize,
    /// Not taken once.
    refused: usize,
    duplicated_effects: usize,
    /// Orders that would have had two final states, or have another one in the hub than at the marketplace.
    conflicts: usize,
    most_deliveries: u64,
    most_attempts: u64,
    /// Of those that were taken on three times at most.
    few: usize,
    few_in_time: usize,
    /// From the first webhook to the final state, in milliseconds, in order.
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

/// Whether the hub has said that it has this order.
fn is_taken(order: &Value) -> bool {
    let webhooks = order.get("webhooks").and_then(Value::as_array);
    webhooks
        .into_iter()
        .flatten()
        .any(|webhook| (200..300).contains(&number(webhook, "status")))
}

/// How often, by whom.
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
        let is_few = |order: &Value| attempts(order) <= ATTEMPTS;
        let took = self
            .orders
            .iter()
            .filter_map(|order| order.get("finalAfter").and_then(Value::as_i64));
        let mut took: Vec<i64> = took.collect();
        took.sort_unstable();
        Figures {
            // What was never placed is not final either.
            orders: self.rows.len().max(self.orders.len()),
            is_final: count(&|order| is_true(order, "final")),
            lost: count(&|order| is_taken(order) && row(order).is_none()),
            refused: count(&|order| !is_taken(order)),
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
            few: count(&is_few),
            few_in_time: count(&|order| is_few(order) && is_true(order, "inTime")),
            took,
            killed: self.killed,
        }
    }
}

impl Figures {
    fn share_in_time(&self) -> f64 {
        share(self.few_in_time, self.few)
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
            "neverTaken": self.refused,
            "duplicatedEffects": self.duplicated_effects,
            "conflictingFinals": self.conflicts,
            "mostDeliveriesOfOneMessage": self.most_deliveries,
            "mostAttempts": self.most_attempts,
            "takenOnThreeTimesAtMost": self.few,
            "ofThoseFinalWithin60s": self.share_in_time(),
            "finalAfterMs": {
                "p50": self.quantile(50), "p95": self.quantile(95), "p99": self.quantile(99), "max": self.quantile(100),
            },
            "processesKilled": self.killed,
        })
    }

    pub fn text(&self) -> String {
        format!(
            "{} of {} orders final, {} lost, {} never taken; {} processes killed\n\
             {} provider effects twice, {} conflicting finals; at most {} deliveries of a message, {} attempts at an order\n\
             {:.4} of the {} with at most {ATTEMPTS} attempts final within 60 s of the webhook\n\
             final after p50 {} ms, p95 {} ms, p99 {} ms, max {} ms, the emulator's own time included",
            self.is_final,
            self.orders,
            self.lost,
            self.refused,
            self.killed,
            self.duplicated_effects,
            self.conflicts,
            self.most_deliveries,
            self.most_attempts,
            self.share_in_time(),
            self.few,
            self.quantile(50),
            self.quantile(95),
            self.quantile(99),
            self.quantile(100),
        )
    }

    pub fn verdict(&self) -> Result<()> {
        let bars = [
            (self.is_final == self.orders, "not every order is final"),
            (self.lost == 0, "orders are lost"),
            (self.duplicated_effects == 0, "the provider acted twice"),
            (self.conflicts == 0, "final states conflict"),
            (self.share_in_time() >= IN_TIME, "too many were not final within 60 s"),
        ];
        let broken: Vec<&str> = bars.iter().filter(|(holds, _)| !holds).map(|(_, what)| *what).collect();
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken.join("; ").into())
        }
    }
}

/// All of none is all.
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
    fn what_is_good_enough_passes() {
        let figures = report().figures();
        figures.verdict().unwrap();
        assert_eq!((figures.quantile(50), figures.quantile(100)), (500, 61_000));
        assert_eq!((figures.few, figures.most_deliveries), (1, 4));
    }

    #[test]
    fn each_bar_can_be_broken() {
        let broken = |change: &dyn Fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.figures().verdict().unwrap_err().to_string()
        };
        assert!(broken(&|report| report.orders[0]["final"] = json!(false)).contains("not every order"));
        assert!(broken(&|report| drop(report.orders.pop())).contains("not every order"));
        assert!(broken(&|report| report.rows[0] = None).contains("lost"));
        assert!(broken(&|report| report.provider["effects"]["a"] = json!(2)).contains("acted twice"));
        assert!(broken(&|report| report.orders[0]["conflicts"] = json!(1)).contains("conflict"));
        assert!(broken(&|report| report.orders[0]["status"] = json!("Failed")).contains("conflict"));
        assert!(broken(&|report| report.rows[1] = row("b", 3)).contains("within 60 s"));
    }
}
