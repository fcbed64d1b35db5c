//! `GET /api/integration/proposals/{proposalId}/status`

use garde::Validate;
use model::Result;
use model::id::ProposalId;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::view::ProposalView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetProposalStatus {
    #[garde(skip)]
    proposal_id: ProposalId,
}

/// The status of a proposal.
///
/// Ask again until the status is final: APPROVED, DECLINED or FAILED. Callers see their own proposals; staff see all.
#[utoipa::path(
    get,
    path = "/api/integration/proposals/{proposalId}/status",
    operation_id = "funders-proposal-status",
    params(("proposalId" = ProposalId, Path, description = "The proposal's id")),
    responses(
        (status = 200, description = "The proposal as it is now", body = Success<ProposalView>),
        (status = 404, description = "Absent, or another caller's"),
    )
)]
pub async fn status(cx: Cx<Env>, input: GetProposalStatus) -> Result<Success<ProposalView>> {
    let view = ProposalView::visible(&cx, input.proposal_id).await?;
    Ok(Success::new(view, "Proposal status"))
}
