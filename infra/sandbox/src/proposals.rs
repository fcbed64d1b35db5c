//! The proposals that a partner has accepted, and what it decides about them. Not documented by any partner: all of
//! this is our assumption.
//!
//! The customer's surname decides, whatever its case:
//!
//! | surname | the answer to the proposal | every later read |
//! |---|---|---|
//! | `Accepted`, `Referred` or `Declined` | that | the same |
//! | `Pending` | `SUBMITTED` | `SUBMITTED` |
//! | any other | `SUBMITTED` | `ACCEPTED` |
//!
//! `PUT /_control/{partner}/proposals/{reference}` with `{"status", "reason"?}` decides otherwise from then on.
//!
//! Each accepted proposal is a credit search that stays on the customer's record, so the searches of each reference of
//! ours are counted: the same proposal sent again is answered as it stands by then, and is one search more.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// Bounds memory; the oldest proposals are forgotten first.
const MOST_PROPOSALS: usize = 100_000;
const FIRST_PROPOSAL: u64 = 101;

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
    /// The partner's own.
    pub number: u64,
    pub decision: Decision,
    pub reason: Option<String>,
    searches: u64,
}

#[derive(Default)]
pub struct Proposals {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// By our reference.
    proposals: BTreeMap<String, Proposal>,
    /// The references, the oldest first.
    order: VecDeque<String>,
    issued: u64,
}

impl Decision {
    /// The first answer and what it becomes.
    fn of(surname: &str) -> (Self, Self) {
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
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the credit search, and says how the proposal stands in the answer to it.
    pub fn accept(&self, reference: &str, surname: &str) -> Proposal {
        let mut kept = self.kept();
        if let Some(known) = kept.proposals.get_mut(reference) {
            known.searches += 1;
            return known.clone();
        }
        let (first, later) = Decision::of(surname);
        let proposal = Proposal {
            number: FIRST_PROPOSAL + kept.issued,
            decision: later,
            reason: later.reason(),
            searches: 1,
        };
        kept.issued += 1;
        kept.proposals.insert(reference.to_owned(), proposal.clone());
        kept.order.push_back(reference.to_owned());
        if kept.order.len() > MOST_PROPOSALS
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.proposals.remove(&oldest);
        }
        Proposal {
            decision: first,
            reason: first.reason(),
            ..proposal
        }
    }

    pub fn find(&self, reference: &str) -> Option<Proposal> {
        self.kept().proposals.get(reference).cloned()
    }

    /// Says whether there is such a proposal.
    pub fn decide(&self, reference: &str, decision: Decision, reason: Option<String>) -> bool {
        let mut kept = self.kept();
        let Some(proposal) = kept.proposals.get_mut(reference) else {
            return false;
        };
        proposal.decision = decision;
        proposal.reason = reason.or_else(|| decision.reason());
        true
    }

    /// How many credit searches each reference has led to.
    pub fn searches(&self) -> BTreeMap<String, u64> {
        let kept = self.kept();
        let proposals = kept.proposals.iter();
        proposals
            .map(|(reference, proposal)| (reference.clone(), proposal.searches))
            .collect()
    }
}
