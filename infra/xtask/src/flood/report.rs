//! The result of a flood, and whether it passes.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::Result;
use crate::http::Answer;

/// One request.
pub struct Seen {
    /// None if no answer came.
    pub answer: Option<Answer>,
    pub took: Duration,
}

impl Seen {
    /// 0 without an answer.
    fn status(&self) -> u16 {
        self.answer.as_ref().map_or(0, |answer| answer.status)
    }

    fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// A 429 that tells the caller why, and when to come again.
    fn is_refused_well(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| {
            let waits = answer.retry_after.as_deref().and_then(|wait| wait.parse::<u32>().ok());
            let media = answer.media.as_deref().unwrap_or_default();
            answer.status == 429 && waits.is_some_and(|wait| wait > 0) && media.starts_with("application/problem+json")
        })
    }
}

pub struct Report {
    pub one: Vec<Seen>,
    pub other: Vec<Seen>,
    pub shut_gates: u64,
}

impl Report {
    pub fn json(&self) -> Value {
        json!({ "one": figures(&self.one), "other": figures(&self.other), "shutGates": self.shut_gates })
    }

    pub fn text(&self) -> String {
        let line = |seen: &[Seen]| {
            format!(
                "{} requests, {:?}, p50 {} ms, p95 {} ms",
                seen.len(),
                statuses(seen),
                quantile(seen, 50),
                quantile(seen, 95)
            )
        };
        format!(
            "the one caller: {}\nthe other: {}\n{} gates shut",
            line(&self.one),
            line(&self.other),
            self.shut_gates
        )
    }

    pub fn verdict(&self) -> Result<()> {
        let refused = self.one.iter().filter(|seen| !seen.is_accepted());
        let criteria = [
            (
                !self.other.is_empty() && self.other.iter().all(Seen::is_accepted),
                "the other caller was refused",
            ),
            (
                self.one.iter().any(Seen::is_accepted),
                "the one caller was never accepted",
            ),
            (
                self.one.iter().any(Seen::is_refused_well),
                "the one caller was never refused",
            ),
            (
                refused.clone().all(Seen::is_refused_well),
                "a refusal is not a 429 with Retry-After",
            ),
            (self.shut_gates == 0, "the funder's gate shut"),
        ];
        let unmet: Vec<&str> = criteria.iter().filter(|(met, _)| !met).map(|(_, what)| *what).collect();
        if unmet.is_empty() {
            Ok(())
        } else {
            Err(unmet.join("; ").into())
        }
    }
}

fn figures(seen: &[Seen]) -> Value {
    json!({
        "requests": seen.len(),
        "statuses": statuses(seen),
        "p50Ms": quantile(seen, 50),
        "p95Ms": quantile(seen, 95),
    })
}

fn statuses(seen: &[Seen]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for each in seen {
        *counts.entry(each.status()).or_default() += 1;
    }
    counts
}

/// The time within which this share of the requests was answered, in milliseconds.
fn quantile(seen: &[Seen], percent: usize) -> u128 {
    let mut took: Vec<Duration> = seen.iter().map(|each| each.took).collect();
    took.sort_unstable();
    let rank = (took.len() * percent).div_ceil(100).max(1);
    took.get(rank - 1).map_or(0, Duration::as_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, retry_after: Option<&str>) -> Seen {
        let media = if status < 300 {
            "application/json"
        } else {
            "application/problem+json"
        };
        Seen {
            answer: Some(Answer {
                status,
                retry_after: retry_after.map(str::to_owned),
                media: Some(media.to_owned()),
            }),
            took: Duration::from_millis(status.into()),
        }
    }

    fn report() -> Report {
        Report {
            one: vec![seen(201, None), seen(202, None), seen(429, Some("12"))],
            other: vec![seen(201, None)],
            shut_gates: 0,
        }
    }

    #[test]
    fn a_good_run_passes() {
        report().verdict().unwrap();
        assert_eq!((quantile(&report().one, 50), quantile(&report().one, 95)), (202, 429));
    }

    #[test]
    fn each_unmet_criterion_fails_the_run() {
        let verdict = |change: &dyn Fn(&mut Report)| {
            let mut report = report();
            change(&mut report);
            report.verdict().unwrap_err().to_string()
        };
        assert!(verdict(&|report| report.other.push(seen(429, Some("1")))).contains("the other caller"));
        assert!(verdict(&|report| report.other.clear()).contains("the other caller"));
        assert!(verdict(&|report| report.one.truncate(2)).contains("never refused"));
        assert!(verdict(&|report| drop(report.one.drain(..2))).contains("never accepted"));
        assert!(verdict(&|report| report.one.push(seen(429, None))).contains("Retry-After"));
        assert!(verdict(&|report| report.one.push(seen(503, Some("1")))).contains("Retry-After"));
        assert!(verdict(&|report| report.one[0].answer = None).contains("Retry-After"));
        assert!(verdict(&|report| report.shut_gates = 1).contains("gate"));
    }
}
