//! An erasure as admins see it.

use std::collections::BTreeMap;

use model::id::ErasureId;
use model::time::UtcTime;
use runtime::work::erasure::{DomainErasure, ErasureRow, ErasureState, ErasureSubject};
use serde::Serialize;
use utoipa::ToSchema;

/// An erasure and its progress.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErasureView {
    /// The erasure's id.
    pub id: ErasureId,
    /// `email`, `case` or `customer`.
    pub subject: &'static str,
    /// The case's number, for an erasure by case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<u64>,
    /// The least advanced of the domains' states.
    pub status: ErasureState,
    /// The `sub` of an admin, or an operator's ARN.
    pub requested_by: String,
    /// The time of the request. Data made later stays.
    pub requested_at: UtcTime,
    /// By domain: `bqs`, `funders` or `mmob`.
    pub domains: BTreeMap<String, DomainErasureView>,
}

/// An erasure in one domain.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DomainErasureView {
    /// `OPEN` until everything found is deleted, `REPEAT` until a second pass half an hour later, then `DONE`.
    pub state: ErasureState,
    /// Deleted rows. This and the next three are minimums: a crash may lose part of the count.
    pub rows: u64,
    /// Deleted files and older versions of them.
    pub files: u64,
    /// Deleted rows of the log of partner calls.
    pub log_rows: u64,
    /// Stored responses of idempotency keys that were replaced.
    pub responses: u64,
    /// When the first pass ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_pass_at: Option<UtcTime>,
    /// When the second pass ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<UtcTime>,
}

impl ErasureView {
    pub fn of(row: &ErasureRow) -> Self {
        let (subject, case) = match row.subject {
            ErasureSubject::Email { .. } => ("email", None),
            ErasureSubject::Case { number } => ("case", Some(number)),
            ErasureSubject::Customer { .. } => ("customer", None),
        };
        let states = row.domains.values().map(|of_domain| of_domain.state);
        let domains = row.domains.iter();
        Self {
            id: row.id,
            subject,
            case,
            status: states.min().unwrap_or(ErasureState::Done),
            requested_by: row.requested_by.clone(),
            requested_at: row.requested_at.into(),
            domains: domains
                .map(|(name, of_domain)| (name.clone(), DomainErasureView::of(of_domain)))
                .collect(),
        }
    }
}

impl DomainErasureView {
    fn of(of_domain: &DomainErasure) -> Self {
        Self {
            state: of_domain.state,
            rows: of_domain.rows,
            files: of_domain.files,
            log_rows: of_domain.log_rows,
            responses: of_domain.responses,
            first_pass_at: of_domain.first_pass_at.map(Into::into),
            done_at: of_domain.done_at.map(Into::into),
        }
    }
}
