//! A funder's webhook. No funder documents one: this shape is ours, under the signature of Standard Webhooks.

use call::{moment, read};
use jiff::Timestamp;
use model::Result;
use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use serde::Deserialize;

/// A funder's report about one of our proposals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub proposal: ProposalId,
    pub happened_at: Timestamp,
    pub decision: Decision,
}

/// `None` for a type of webhook that the hub does not use.
pub fn notice(body: &[u8]) -> Result<Option<Notice>> {
    let hook: Hook = read(body)?;
    if hook.kind != "proposal.updated" {
        return Ok(None);
    }
    let data: Data = read(hook.data.get().as_bytes())?;
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

#[derive(Deserialize)]
struct Hook {
    #[serde(rename = "type")]
    kind: String,
    #[serde(deserialize_with = "moment")]
    timestamp: Timestamp,
    data: Box<serde_json::value::RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    reference: ProposalId,
    external_reference: Option<String>,
    status: NoticeStatus,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum NoticeStatus {
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
