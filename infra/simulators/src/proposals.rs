//! The proposals that a partner has accepted, and its decisions on them. No partner documents these: all of this is our
//! assumption.
//!
//! The customer's surname decides, in upper or lower case:
//!
//! | surname | status in the response to the proposal | status in every later read |
//! |---|---|---|
//! | `Accepted`, `Referred` or `Declined` | that status | the same |
//! | `Pending` | `SUBMITTED` | `SUBMITTED` |
//! | any other | `SUBMITTED` | `ACCEPTED` |
//!
//! `PUT /_control/{partner}/proposals/{reference}` with `{"status", "reason"?}` replaces the decision from then on.
//!
//! Each accepted proposal is a credit search that stays on the customer's record, so the simulators count the searches
//! for each of the hub's references. A repeated proposal gets the current decision and counts as one more search.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Bounds memory: the oldest proposals are dropped first.
const MAX_PROPOSALS: usize = 100_000;
const FIRST_NUMBER: u64 = 101;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    Submitted,
    Referred,
    Accepted,
    Declined,
}

#[derive(Clone)]
pub struct Proposal {
    /// The partner's own number for the proposal.
    pub number: u64,
    pub decision: Decision,
    pub reason: Option<String>,
    searches: u64,
}

#[derive(Default)]
pub struct Proposals {
    records: Mutex<ProposalRecords>,
}

#[derive(Default)]
struct ProposalRecords {
    /// By the hub's reference.
    proposals: BTreeMap<String, Proposal>,
    /// The references, oldest first.
    order: VecDeque<String>,
    issued: u64,
}

impl Decision {
    /// Returns the decision in the response to the proposal, and the decision in later reads.
    fn for_surname(surname: &str) -> (Self, Self) {
        match surname.trim().to_lowercase().as_str() {
            "accepted" => (Self::Accepted, Self::Accepted),
            "referred" => (Self::Referred, Self::Referred),
            "declined" => (Self::Declined, Self::Declined),
            "pending" => (Self::Submitted, Self::Submitted),
            _ => (Self::Submitted, Self::Accepted),
        }
    }

    fn reason(self) -> Option<String> {
        match self {
            Self::Referred => Some("an underwriter looks at it".to_owned()),
            Self::Declined => Some("the credit score is too low".to_owned()),
            Self::Submitted | Self::Accepted => None,
        }
    }
}

impl Proposals {
    fn records(&self) -> MutexGuard<'_, ProposalRecords> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a credit search and returns the proposal as it stands in the response.
    pub fn accept(&self, reference: &str, surname: &str) -> Proposal {
        let mut records = self.records();
        if let Some(known) = records.proposals.get_mut(reference) {
            known.searches += 1;
            return known.clone();
        }
        let (first, later) = Decision::for_surname(surname);
        let proposal = Proposal {
            number: FIRST_NUMBER + records.issued,
            decision: later,
            reason: later.reason(),
            searches: 1,
        };
        records.issued += 1;
        records.proposals.insert(reference.to_owned(), proposal.clone());
        records.order.push_back(reference.to_owned());
        if records.order.len() > MAX_PROPOSALS
            && let Some(oldest) = records.order.pop_front()
        {
            records.proposals.remove(&oldest);
        }
        Proposal {
            decision: first,
            reason: first.reason(),
            ..proposal
        }
    }

    pub fn find(&self, reference: &str) -> Option<Proposal> {
        self.records().proposals.get(reference).cloned()
    }

    /// Returns false if there is no such proposal.
    pub fn decide(&self, reference: &str, decision: Decision, reason: Option<String>) -> bool {
        let mut records = self.records();
        let Some(proposal) = records.proposals.get_mut(reference) else {
            return false;
        };
        proposal.decision = decision;
        proposal.reason = reason.or_else(|| decision.reason());
        true
    }

    /// The number of credit searches for each reference.
    pub fn searches(&self) -> BTreeMap<String, u64> {
        let records = self.records();
        let proposals = records.proposals.iter();
        proposals
            .map(|(reference, proposal)| (reference.clone(), proposal.searches))
            .collect()
    }
}
