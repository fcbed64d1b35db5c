//! The kinds of events that the hub sends to subscribers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The type of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum EventType {
    #[serde(rename = "quote.generated")]
    QuoteGenerated,
    #[serde(rename = "quote.failed")]
    QuoteFailed,
    #[serde(rename = "quote.expired")]
    QuoteExpired,
    #[serde(rename = "proposal.submitted")]
    ProposalSubmitted,
    #[serde(rename = "proposal.referred")]
    ProposalReferred,
    #[serde(rename = "proposal.approved")]
    ProposalApproved,
    #[serde(rename = "proposal.declined")]
    ProposalDeclined,
    #[serde(rename = "proposal.failed")]
    ProposalFailed,
    #[serde(rename = "case.held")]
    CaseHeld,
    #[serde(rename = "case.resumed")]
    CaseResumed,
}

impl EventType {
    pub const ALL: [Self; 10] = [
        Self::QuoteGenerated,
        Self::QuoteFailed,
        Self::QuoteExpired,
        Self::ProposalSubmitted,
        Self::ProposalReferred,
        Self::ProposalApproved,
        Self::ProposalDeclined,
        Self::ProposalFailed,
        Self::CaseHeld,
        Self::CaseResumed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::QuoteGenerated => "quote.generated",
            Self::QuoteFailed => "quote.failed",
            Self::QuoteExpired => "quote.expired",
            Self::ProposalSubmitted => "proposal.submitted",
            Self::ProposalReferred => "proposal.referred",
            Self::ProposalApproved => "proposal.approved",
            Self::ProposalDeclined => "proposal.declined",
            Self::ProposalFailed => "proposal.failed",
            Self::CaseHeld => "case.held",
            Self::CaseResumed => "case.resumed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_type_has_one_name() {
        for kind in EventType::ALL {
            let text = serde_json::to_string(&kind).unwrap();
            assert_eq!(text, format!("\"{}\"", kind.as_str()));
            assert_eq!(serde_json::from_str::<EventType>(&text).unwrap(), kind);
        }
    }
}
