//! `GET /api/integration/customers/{email}/proposals`

use garde::Validate;
use model::Result;
use model::email::Email;
use runtime::listing::{self, Cursor, Window};
use runtime::problem::Problem;
use runtime::{Cx, Domain, Listed};
use serde::Deserialize;

use super::{permit, proposals_of};
use crate::Env;
use crate::proposal::ProposalView;

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(skip)]
    email: String,
    #[garde(range(min = 1, max = 100))]
    limit: Option<u16>,
    #[garde(skip)]
    cursor: Option<Cursor>,
}

/// The proposals of a customer, newest first, whoever asked for them.
#[utoipa::path(
    get,
    path = "/api/integration/customers/{email}/proposals",
    operation_id = "funders-customer-proposals",
    tag = "funders",
    params(
        ("email" = Email, Path, description = "The customer's e-mail address"),
        ("limit" = Option<u16>, Query, description = "At most so many; 20 where absent", minimum = 1, maximum = 100),
        ("cursor" = Option<Cursor>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of proposals", body = Listed<ProposalView>),
        (status = 400, description = "Not an e-mail address", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's, whether or not there is one", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn proposals(cx: Cx<Env>, which: Which) -> Result<Listed<ProposalView>> {
    let email = permit(&cx.caller, &which.email)?;
    let window = Window::all(which.cursor, which.limit);
    let page = listing::page(
        cx.env.store().as_ref(),
        cx.env.table()?,
        vec![proposals_of(&email)],
        window,
        |row| ProposalView::read(row).map(Some),
    );
    Ok(page.await?.listed("Proposals of the customer"))
}
