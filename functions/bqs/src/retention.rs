//! How long the rows of cases and messages live. docs/data.md has the reasons.

use jiff::Timestamp;

/// What belongs to a case lives longer than the case: the queue keeps its messages for 4 days, dead letters for 14 more, and a
/// change that was accepted in the case's last second is still sent. In seconds.
const MARGIN: i64 = 30 * 24 * 60 * 60;

/// The lifetimes that follow from `CASE_RETENTION_DAYS`.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    seconds: i64,
}

impl Retention {
    /// The days that a case lives after its last change, if no setting has another number.
    pub const DEFAULT_DAYS: u32 = 730;

    pub fn days(days: u32) -> Self {
        Self {
            seconds: i64::from(days).saturating_mul(24 * 60 * 60),
        }
    }

    /// The end of a case that changes now, and of a message that arrives now.
    pub fn case(self, now: Timestamp) -> i64 {
        now.as_second().saturating_add(self.seconds)
    }

    /// The end of a change that is made now, of upstream's answer and of an operator's decision.
    pub fn change(self, now: Timestamp) -> i64 {
        self.case(now).saturating_add(MARGIN)
    }

    /// The end of what the forwarder writes now about its progress. It outlives every change that it counts: without it, the
    /// forwarder would create the case upstream again.
    pub fn progress(self, now: Timestamp) -> i64 {
        self.change(now).saturating_add(self.seconds)
    }
}
