//! A held change: why it is held, and the events about it.

use jiff::Timestamp;
use model::event::EventType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::case::parts::CasePart;

/// Of what upstream says of a refused change, the case shows so much.
const MAX_ERRORS: usize = 20;

/// Why a change is held. `refused`: the upstream BQS refused it. `unknown`: the upstream BQS may have applied it, and a retry
/// could apply it twice. `expired`: it failed for a day. `unsendable`: there is nothing to send. `unscanned`: the scanner has no
/// verdict on the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HoldReason {
    /// Upstream refused the change.
    Refused,
    /// Upstream may have made the change, and would make it twice.
    Unknown,
    /// The retries took too long.
    Expired,
    /// No request can be built.
    Unsendable,
    /// The scanner has no verdict on the document.
    Unscanned,
}

impl HoldReason {
    /// For the case's channel.
    pub fn message(self) -> &'static str {
        match self {
            Self::Refused => "The upstream BQS refused the change.",
            Self::Unknown => "The upstream BQS may have made the change. An operator finds out whether it has.",
            Self::Expired => "The change did not get through to the upstream BQS for a day.",
            Self::Unsendable => "The change cannot be sent to the upstream BQS.",
            Self::Unscanned => "The malware scanner has no verdict on the document.",
        }
    }
}

/// The state of a change. `pending`: it waits for earlier changes, a retry or the scan of a document. `sent`: the upstream BQS
/// has not responded yet. `accepted`: the upstream BQS has it, or the hub where there is no upstream. `held`: the hub does not
/// send it until an operator decides or the document is scanned. `refused`: see `refusedDocuments`. `skipped`: an operator
/// decided not to send it, because the upstream BQS has it already or must not get it. `awaited`: the document is announced, and
/// its upload has not arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeState {
    /// It waits to be sent, behind the changes before it, for a retry, or for a document's scan.
    Pending,
    /// It is sent, and the upstream BQS has not answered yet.
    Sent,
    /// The upstream BQS has it.
    Accepted,
    /// It is not sent until an operator decides, or a document is scanned.
    Held,
    /// The hub refused the document after it had taken it; see `refusedDocuments`.
    Refused,
    /// An operator decided that it is not sent: the upstream BQS has it already, or must not get it.
    Skipped,
    /// The document is announced, and its upload has not arrived.
    Awaited,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// The change.
    pub n: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<CasePart>,
    pub why: HoldReason,
    /// For the operator.
    pub reason: String,
    /// Upstream's reasons, each with the path of a member.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(String, String)>,
    pub at: Timestamp,
}

impl Held {
    /// `part` is unknown if the change has expired.
    pub fn new((n, part): (u64, Option<CasePart>), why: HoldReason, reason: String, now: Timestamp) -> Self {
        Self {
            n,
            part,
            why,
            reason,
            errors: Vec::new(),
            at: now,
        }
    }

    pub fn with_errors(mut self, errors: impl Iterator<Item = (String, String)>) -> Self {
        self.errors = errors.take(MAX_ERRORS).collect();
        self
    }
}

/// An event that is not published yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HoldNotice {
    pub event: EventType,
    pub n: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<CasePart>,
    pub why: HoldReason,
    pub at: Timestamp,
}

impl HoldNotice {
    pub fn of(event: EventType, held: &Held, at: Timestamp) -> Self {
        Self {
            event,
            n: held.n,
            part: held.part,
            why: held.why,
            at,
        }
    }
}
