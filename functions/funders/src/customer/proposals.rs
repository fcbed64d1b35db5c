//! `GET /api/integration/customers/{email}/proposals`

use model::Result;
use model::email::Email;
use runtime::http::list::{self, List, ListParams};
use runtime::{Cx, Listed};

use super::access::CustomerPath;
use super::row::proposals_of;
use crate::Env;
use crate::proposal::ProposalView;

/// A customer's proposals, newest first, whether the customer or staff requested them.
///
/// Customers see their own; staff see everyone's.
#[utoipa::path(
    get,
    path = "/api/integration/customers/{email}/proposals",
    operation_id = "funders-customer-proposals",
    params(("email" = Email, Path, description = "The customer's e-mail address"), ListParams),
    responses(
        (status = 200, description = "A page of proposals", body = Listed<ProposalView>),
        (status = 400, description = "Not an e-mail address"),
        (status = 403, description = "Another customer's address, whether or not that customer exists"),
    )
)]
pub async fn proposals(cx: Cx<Env>, input: List<CustomerPath>) -> Result<Listed<ProposalView>> {
    let email = input.filter.permitted(&cx.caller)?;
    let keep = |item| ProposalView::read(item).map(Some);
    let page = list::page(&cx.env.entries(vec![proposals_of(&email)])?, input.params, keep).await?;
    Ok(page.listed("Proposals of the customer"))
}
