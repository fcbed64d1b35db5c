//! `GET /api/integration/proposals/{proposalId}/status`

use garde::Validate;
use model::Result;
use model::id::ProposalId;
use runtime::problem::Problem;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::row::ProposalRow;
use super::view::ProposalView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    #[garde(skip)]
    proposal_id: ProposalId,
}

/// What became of a proposal.
#[utoipa::path(
    get,
    path = "/api/integration/proposals/{proposalId}/status",
    operation_id = "funders-proposal-status",
    tag = "funders",
    params(("proposalId" = ProposalId, Path, description = "The proposal's id")),
    responses(
        (status = 200, description = "As it stands now", body = Success<ProposalView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Absent, or somebody else's", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn status(cx: Cx<Env>, which: Which) -> Result<Success<ProposalView>> {
    let own = ProposalRow::visible(&cx, which.proposal_id).await?;
    Ok(Success::new(ProposalView::of(&own), "Proposal status"))
}
