//! `GET /api/integration/metrics`: how each partner has answered, computed from the integration log.

use std::collections::BTreeMap;

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::time::{UtcTime, query_time};
use runtime::http::list::QueryParams;
use runtime::transport::{Attempt, AttemptStatus, CONCLUSION};
use runtime::{Cx, Success};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::conclusions::{ConclusionMetrics, Conclusions, rate};
use super::lane::Lane;
use super::period::LogPeriod;
use super::reader::{ReadBy, ReadLimits, Reader};
use crate::Env;

const LIMITS: ReadLimits = ReadLimits {
    chunk: 250,
    rows: 5_000,
};

#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct GetMetrics {
    /// The start of the period. Absent: an hour before `to`.
    #[garde(skip)]
    #[serde(default, deserialize_with = "query_time")]
    from: Option<Timestamp>,
    /// The end of the period, exclusive, at most 24 hours after `from`. Absent: now.
    #[garde(skip)]
    #[serde(default, deserialize_with = "query_time")]
    to: Option<Timestamp>,
}

/// The figures of the calls to each partner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// The figures are complete from this instant on. It is later than the requested one if they are truncated.
    pub from: UtcTime,
    /// The end of the period, exclusive.
    pub to: UtcTime,
    /// True if the period has more rows than one request may read. Request a shorter period.
    pub truncated: bool,
    /// The partners that quote and finance.
    pub funders: Vec<PartnerMetrics>,
    /// Every partner, funders included.
    pub partners: Vec<PartnerMetrics>,
}

/// The calls to one environment of a partner. Each request that left counts, retries included. Of a funder also its quotes and
/// proposals, each of which counts once, however many calls it took.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerMetrics {
    /// The partner.
    pub partner: &'static str,
    /// The same as `partner`.
    pub funder: &'static str,
    /// The partner's environment.
    pub environment: &'static str,
    /// The number of calls.
    pub calls: usize,
    /// The number of calls that were followed by a retry.
    pub retries: usize,
    /// The share of all calls, 0 to 1. Null without calls.
    pub success_rate: Option<f64>,
    /// By kind of failure, in alphabetical order. `rejected` means that the partner works and refused the request.
    pub errors: Vec<ErrorRate>,
    /// Milliseconds. Null without calls.
    pub response_time: Option<Percentiles>,
    /// The quotes that were concluded in the period. Only of a funder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotes: Option<ConclusionMetrics>,
    /// The proposals that were concluded in the period. Only of a funder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposals: Option<ConclusionMetrics>,
}

/// A kind of failure and its number of calls.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorRate {
    /// The code without the partner's prefix: `timeout`, `rejected`.
    pub kind: String,
    /// The number of calls.
    pub count: usize,
    /// The share of all calls, 0 to 1.
    pub rate: f64,
}

/// Each is a time that this percentage of the calls did not exceed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// Half of the calls.
    pub p50: u64,
    /// 95 of 100 calls.
    pub p95: u64,
    /// 99 of 100 calls.
    pub p99: u64,
}

#[derive(Default)]
struct Tally {
    successes: usize,
    retries: usize,
    errors: BTreeMap<String, usize>,
    times: Vec<u64>,
    conclusions: Conclusions,
}

impl Tally {
    fn add(&mut self, row: Attempt) {
        self.conclusions.add(&row);
        if row.operation == CONCLUSION {
            return;
        }
        match row.status {
            AttemptStatus::Success => self.successes += 1,
            AttemptStatus::Retry => self.retries += 1,
            AttemptStatus::Failed => {}
        }
        if let Some(kind) = row.error {
            *self.errors.entry(kind).or_default() += 1;
        }
        self.times.push(row.response_time);
    }

    fn metrics(mut self, lane: Lane) -> PartnerMetrics {
        self.times.sort_unstable();
        let calls = self.times.len();
        let errors = self.errors.into_iter();
        PartnerMetrics {
            partner: lane.partner,
            funder: lane.partner,
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
            quotes: lane.is_funder().then(|| self.conclusions.quotes()),
            proposals: lane.is_funder().then(|| self.conclusions.proposals()),
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

/// The figures of the calls to each partner.
///
/// For staff. The hub computes the figures from the log for each request.
#[utoipa::path(
    get,
    path = "/api/integration/metrics",
    operation_id = "operations-metrics",
    params(GetMetrics),
    responses((status = 200, description = "The figures of each partner", body = Success<Metrics>))
)]
pub async fn metrics(cx: Cx<Env>, QueryParams(query): QueryParams<GetMetrics>) -> Result<Success<Metrics>> {
    let day = SignedDuration::from_hours(24);
    let period = LogPeriod::of(query.from, query.to, cx.now(), SignedDuration::from_hours(1), day)?;
    let lanes = Lane::all();
    let mut reader = Reader::new(&cx, lanes.clone(), ReadBy::Hour, period, None, LIMITS)?;
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    while let Some(rows) = reader.next().await? {
        for row in rows {
            let lane = (row.partner.clone(), row.environment.clone());
            tallies.entry(lane).or_default().add(row);
        }
    }
    let each = lanes.iter().map(|lane| {
        let tally = tallies.remove(&(lane.partner.to_owned(), lane.environment.to_owned()));
        tally.unwrap_or_default().metrics(*lane)
    });
    let partners: Vec<PartnerMetrics> = each.collect();
    let funders = lanes.iter().zip(&partners).filter(|(lane, _)| lane.is_funder());
    let metrics = Metrics {
        funders: funders.map(|(_, metrics)| metrics.clone()).collect(),
        partners,
        from: reader.complete_from().max(period.from).into(),
        to: period.to.into(),
        truncated: !reader.is_done(),
    };
    Ok(Success::new(metrics, "Partner metrics"))
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
