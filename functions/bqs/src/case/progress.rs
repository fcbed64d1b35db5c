//! How far a case's changes are on their way upstream, as its channel sees it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::parts::{CasePart, PartChange};
use super::row::CaseRow;
use crate::forward::{ChangeState, ForwardRow, Held, HoldReason};
use crate::message::moment::DanishTime;

/// The progress of the case's changes. Without an upstream BQS, the hub itself accepts them, a document once it is scanned.
#[derive(Serialize, ToSchema)]
pub struct CaseProgress {
    /// The last request for a scoring. Absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scoring: Option<PartProgress>,
    /// The last request for a consent. Absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    consent: Option<PartProgress>,
    /// The last 20 documents, announced ones too, oldest first.
    documents: Vec<DocumentProgress>,
    /// All changes together.
    forwarding: ForwardingProgress,
}

/// The progress of a request for a scoring or a consent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartProgress {
    /// The state of the request.
    state: ChangeState,
    /// The reason for the hold, if it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<HoldReason>,
    /// When the channel asked.
    requested_at: DanishTime,
}

/// The progress of a document.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentProgress {
    /// The document's id, from the response to the upload or the announcement.
    #[schema(value_type = String, format = "uuid")]
    document_id: Uuid,
    /// The document definition code.
    code: String,
    /// The state of the document.
    state: ChangeState,
    /// The reason for the hold, if it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<HoldReason>,
}

/// All changes of the case together. They go upstream in order: while one is held, later ones are pending.
#[derive(Serialize, ToSchema)]
pub struct ForwardingProgress {
    /// `held` while a change holds up the case, and `accepted` once all are done.
    state: ChangeState,
    /// The number of changes of the case.
    changes: u64,
    /// The number of done changes: accepted, refused or skipped.
    done: u64,
    /// The change that holds up the case, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    held: Option<HeldChange>,
}

/// A held change. An operator decides whether it is sent again or skipped.
#[derive(Serialize, ToSchema)]
pub struct HeldChange {
    /// The number of the change, as in the events about it.
    change: u64,
    /// The subject of the change, if the hub still has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    part: Option<CasePart>,
    /// Why it is held.
    reason: HoldReason,
    /// The reason in words.
    message: &'static str,
    /// The upstream BQS's message for each member, by its path, if it refused the change.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Vec<String>>,
    /// When the hold began.
    since: DanishTime,
}

impl CaseProgress {
    pub fn of(case: &CaseRow, forward: &ForwardRow) -> Self {
        let part = |asked: &PartChange| PartProgress {
            state: forward.state_of(asked.n),
            reason: forward.hold_of(asked.n),
            requested_at: asked.at.into(),
        };
        let documents = case.parts.documents.iter();
        Self {
            scoring: case.parts.scoring.as_ref().map(part),
            consent: case.parts.consent.as_ref().map(part),
            documents: documents
                .map(|document| DocumentProgress {
                    document_id: document.document_id,
                    code: document.code.clone(),
                    state: document.n.map_or(ChangeState::Awaited, |n| forward.state_of(n)),
                    reason: document.n.and_then(|n| forward.hold_of(n)),
                })
                .collect(),
            forwarding: ForwardingProgress::of(case.changes(), forward),
        }
    }
}

impl ForwardingProgress {
    fn of(changes: u64, forward: &ForwardRow) -> Self {
        let done = forward.done().min(changes);
        let state = match forward.held {
            Some(_) => ChangeState::Held,
            None if done == changes => ChangeState::Accepted,
            None if forward.state_of(done + 1) == ChangeState::Sent => ChangeState::Sent,
            None => ChangeState::Pending,
        };
        Self {
            state,
            changes,
            done,
            held: forward.held.as_ref().map(HeldChange::of),
        }
    }
}

impl HeldChange {
    fn of(held: &Held) -> Self {
        let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (path, message) in &held.errors {
            errors.entry(path.clone()).or_default().push(message.clone());
        }
        Self {
            change: held.n,
            part: held.part,
            reason: held.why,
            message: held.why.message(),
            errors,
            since: held.at.into(),
        }
    }
}
