//! What quotes and proposals came to, counted by quote and proposal and not by call.

use std::collections::{BTreeMap, BTreeSet};

use runtime::transport::{Attempt, Conclusion};
use serde::Serialize;
use utoipa::ToSchema;

/// The concluded quotes or proposals. One that still waits for the funder counts once it is concluded.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConclusionMetrics {
    /// Quotes that got a price, or proposals that the funder has.
    pub succeeded: usize,
    /// Those that ended FAILED.
    pub failed: usize,
    /// The share of all concluded, 0 to 1. Null if there were none.
    pub success_rate: Option<f64>,
    /// Counts by number of retries, in ascending order.
    pub retries: Vec<NeededRetries>,
}

/// The number of quotes or proposals that needed this number of retries.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeededRetries {
    /// The number of retries of each.
    pub retries: u32,
    /// The number of quotes or proposals.
    pub count: usize,
}

/// A part of the whole, to four places.
pub fn rate(part: usize, whole: usize) -> f64 {
    let parts = (part * 10_000 + whole / 2).checked_div(whole).unwrap_or_default();
    f64::from(u32::try_from(parts).unwrap_or(u32::MAX)) / 10_000.0
}

/// The conclusions at one installation of a funder. Rows come newest first.
#[derive(Default)]
pub struct Conclusions {
    quotes: SubjectCounts,
    proposals: SubjectCounts,
}

#[derive(Default)]
struct SubjectCounts {
    seen: BTreeSet<String>,
    succeeded: usize,
    retries: BTreeMap<u32, usize>,
}

impl Conclusions {
    pub fn add(&mut self, row: &Attempt) {
        let (Some(conclusion), Some(subject)) = (row.conclusion, &row.subject_id) else {
            return;
        };
        let (of, succeeded) = match conclusion {
            Conclusion::QuoteGenerated => (&mut self.quotes, true),
            Conclusion::QuoteFailed => (&mut self.quotes, false),
            Conclusion::ProposalSubmitted => (&mut self.proposals, true),
            Conclusion::ProposalFailed => (&mut self.proposals, false),
        };
        // A worker that crashed after its row was concluded once more: the newest row has the result.
        if !of.seen.insert(subject.clone()) {
            return;
        }
        of.succeeded += usize::from(succeeded);
        *of.retries.entry(row.retry_count).or_default() += 1;
    }

    pub fn quotes(&self) -> ConclusionMetrics {
        self.quotes.metrics()
    }

    pub fn proposals(&self) -> ConclusionMetrics {
        self.proposals.metrics()
    }
}

impl SubjectCounts {
    fn metrics(&self) -> ConclusionMetrics {
        let (all, succeeded) = (self.seen.len(), self.succeeded);
        let retries = self.retries.iter();
        ConclusionMetrics {
            succeeded,
            failed: all - succeeded,
            success_rate: (all > 0).then(|| rate(succeeded, all)),
            retries: retries
                .map(|(retries, count)| NeededRetries {
                    retries: *retries,
                    count: *count,
                })
                .collect(),
        }
    }
}
