//! `GET /api/integration/metrics`: how each funder has answered, computed from the integration log.

use std::collections::BTreeMap;

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::quote::Environment;
use runtime::problem::Problem;
use runtime::transport::{Attempt, Status};
use runtime::{Cx, Success};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reader::{Along, Bounds, Reader};
use super::{Lane, Window, lanes};
use crate::Env;

const BOUNDS: Bounds = Bounds {
    chunk: 250,
    rows: 5_000,
};

#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Ask {
    /// The first instant. An hour before `to`, unless said.
    #[garde(skip)]
    from: Option<Timestamp>,
    /// The first instant that is too late. At most 24 hours after `from`; now, unless said.
    #[garde(skip)]
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// Later than asked where the numbers are truncated: they are complete from here on.
    pub from: Timestamp,
    pub to: Timestamp,
    /// There was more than one request may read. A shorter window tells the rest.
    pub truncated: bool,
    pub funders: Vec<FunderMetrics>,
}

/// What one installation of a funder did. Each request that left counts, repetitions included.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderMetrics {
    pub funder: &'static str,
    pub environment: Environment,
    pub calls: usize,
    /// How many of them were followed by another try.
    pub retries: usize,
    /// Of all calls, 0 to 1. Null where there was none.
    pub success_rate: Option<f64>,
    /// By kind of failure, in alphabetical order. `rejected` is a funder that works and says no.
    pub errors: Vec<ErrorRate>,
    /// Milliseconds. Null where there was no call.
    pub response_time: Option<Percentiles>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRate {
    pub kind: String,
    pub count: usize,
    /// Of all calls, 0 to 1.
    pub rate: f64,
}

/// Each is a time that so many percent of the calls did not exceed.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
}

#[derive(Default)]
struct Tally {
    successes: usize,
    retries: usize,
    errors: BTreeMap<String, usize>,
    times: Vec<u64>,
}

impl Tally {
    fn add(&mut self, row: Attempt) {
        match row.status {
            Status::Success => self.successes += 1,
            Status::Retry => self.retries += 1,
            Status::Failed => {}
        }
        if let Some(kind) = row.error {
            *self.errors.entry(kind).or_default() += 1;
        }
        self.times.push(row.response_time);
    }

    fn told(mut self, lane: Lane) -> FunderMetrics {
        self.times.sort_unstable();
        let calls = self.times.len();
        let errors = self.errors.into_iter();
        FunderMetrics {
            funder: lane.funder,
            environment: lane.environment,
            calls,
            retries: self.retries,
            success_rate: (calls > 0).then(|| rate(self.successes, calls)),
            errors: errors
                .map(|(kind, count)| ErrorRate {
                    rate: rate(count, calls),
                    kind,
                    count,
                })
                .collect(),
            response_time: Percentiles::of(&self.times),
        }
    }
}

impl Percentiles {
    /// By nearest rank, so that each is a time that was measured.
    fn of(sorted: &[u64]) -> Option<Self> {
        let nearest = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied()
        };
        Some(Self {
            p50: nearest(50)?,
            p95: nearest(95)?,
            p99: nearest(99)?,
        })
    }
}

/// To four places.
fn rate(part: usize, whole: usize) -> f64 {
    let parts = (part * 10_000 + whole / 2).checked_div(whole).unwrap_or_default();
    f64::from(u32::try_from(parts).unwrap_or(u32::MAX)) / 10_000.0
}

/// How each funder has answered.
#[utoipa::path(
    get,
    path = "/api/integration/metrics",
    operation_id = "operations-metrics",
    tag = "operations",
    params(Ask),
    responses(
        (status = 200, description = "Each funder's numbers", body = Success<Metrics>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not for customers", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A window that cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn metrics(cx: Cx<Env>, ask: Ask) -> Result<Success<Metrics>> {
    cx.caller.must_be_staff()?;
    let day = SignedDuration::from_hours(24);
    let window = Window::of(ask.from, ask.to, cx.now(), SignedDuration::from_hours(1), day)?;
    let lanes = lanes(None, None)?;
    let mut reader = Reader::new(&cx, lanes.clone(), Along::Hours, window, None, BOUNDS)?;
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    while let Some(rows) = reader.next().await? {
        for row in rows {
            let lane = (row.funder_name.clone(), row.environment.clone());
            tallies.entry(lane).or_default().add(row);
        }
    }
    let each = lanes.into_iter().map(|lane| {
        let tally = tallies.remove(&(lane.funder.to_owned(), lane.environment.to_string()));
        tally.unwrap_or_default().told(lane)
    });
    let told = Metrics {
        funders: each.collect(),
        from: reader.complete_from().max(window.from),
        to: window.to,
        truncated: !reader.is_done(),
    };
    Ok(Success::new(told, "Funder metrics"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_time_that_was_measured() {
        let hundred: Vec<u64> = (1..=100).collect();
        let of = |times: &[u64]| Percentiles::of(times).map(|p| (p.p50, p.p95, p.p99));
        assert_eq!(of(&hundred), Some((50, 95, 99)));
        assert_eq!(of(&[7]), Some((7, 7, 7)));
        assert_eq!(of(&[1, 2, 1000]), Some((2, 1000, 1000)));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_rate_has_four_places() {
        assert_eq!(
            (rate(1, 3), rate(2, 3), rate(0, 9), rate(9, 9)),
            (0.3333, 0.6667, 0.0, 1.0)
        );
    }
}
