//! A funder's webhook. No funder documents one: this shape is ours, under the signature of Standard Webhooks.

use call::{moment, read};
use jiff::Timestamp;
use model::Result;
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use serde::Deserialize;
use utoipa::ToSchema;

/// A funder's report about one of our proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub proposal: ProposalId,
    pub happened_at: Timestamp,
    pub decision: Decision,
}

/// `None` for a type of webhook that the hub does not use.
pub fn notice(body: &[u8]) -> Result<Option<Notice>> {
    let hook: ProposalNotice = read(body)?;
    if hook.kind != "proposal.updated" {
        return Ok(None);
    }
    let data: NoticeData = read(hook.data.get().as_bytes())?;
    Ok(Some(Notice {
        proposal: data.reference,
        happened_at: hook.timestamp,
        decision: Decision {
            status: match data.status {
                NoticeStatus::Submitted => ProposalStatus::Submitted,
                NoticeStatus::Referred => ProposalStatus::Referred,
                NoticeStatus::Approved => ProposalStatus::Approved,
                NoticeStatus::Declined => ProposalStatus::Declined,
            },
            external_id: data.external_reference,
            reason: data.reason,
        },
    }))
}

/// A funder's event. The hub uses the type `proposal.updated` only.
#[derive(Deserialize, ToSchema)]
pub struct ProposalNotice {
    /// The type of the event. Every type but `proposal.updated` gets 204.
    #[serde(rename = "type")]
    #[schema(example = "proposal.updated")]
    kind: String,
    /// The time of the event.
    #[serde(deserialize_with = "moment")]
    timestamp: Timestamp,
    /// The proposal, as the funder has it.
    #[schema(value_type = NoticeData)]
    data: Box<serde_json::value::RawValue>,
}

/// A proposal as its funder has it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeData {
    /// The hub's id of the proposal, which the funder got with it.
    reference: ProposalId,
    /// The funder's id of the proposal.
    external_reference: Option<String>,
    /// The funder's decision.
    status: NoticeStatus,
    /// The funder's reason, for people.
    reason: Option<String>,
}

/// A funder's decision about a proposal.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum NoticeStatus {
    Submitted,
    Referred,
    Approved,
    Declined,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: &str = r#"{"type":"proposal.updated","timestamp":"2026-01-05T10:00:00Z","data":{
        "reference":"0190d5a0-0000-7000-8000-000000000001","externalReference":"P1","status":"DECLINED","reason":"score"}}"#;

    #[test]
    fn a_decision_is_read_and_another_type_is_ignored() {
        let found = notice(HOOK.as_bytes()).unwrap().unwrap();
        assert_eq!(found.decision.status, ProposalStatus::Declined);
        assert_eq!(found.decision.external_id.as_deref(), Some("P1"));
        let other = HOOK.replace("proposal.updated", "newsletter");
        assert_eq!(notice(other.as_bytes()).unwrap(), None);
        for broken in [
            "",
            "{}",
            &HOOK.replace("DECLINED", "FAILED"),
            &HOOK.replace("0190d5a0", "zz"),
        ] {
            assert!(notice(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
