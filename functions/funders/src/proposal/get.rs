//! `GET /api/proposals/{proposalId}`

use garde::Validate;
use model::Result;
use model::id::ProposalId;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::view::ProposalView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetProposal {
    #[garde(skip)]
    proposal_id: ProposalId,
}

/// A proposal.
///
/// Callers see their own proposals; staff see all.
#[utoipa::path(
    get,
    path = "/api/proposals/{proposalId}",
    operation_id = "funders-proposal-get",
    params(("proposalId" = ProposalId, Path, description = "The proposal's id")),
    responses(
        (status = 200, description = "The proposal as it is now", body = Success<ProposalView>),
        (status = 404, description = "Absent, or another caller's"),
    )
)]
pub async fn get(cx: Cx<Env>, input: GetProposal) -> Result<Success<ProposalView>> {
    let view = ProposalView::visible(&cx, input.proposal_id).await?;
    Ok(Success::new(view, "Proposal"))
}
