//! `GET /api/integration/customers/{email}/quotes`

use model::Result;
use model::email::Email;
use runtime::http::list::{self, List, ListParams};
use runtime::{Cx, Listed};

use super::access::CustomerPath;
use super::row::quotes_of;
use crate::Env;
use crate::quote::QuoteView;

/// A customer's quotes, newest first, whether the customer or staff requested them.
///
/// Customers see their own; staff see everyone's.
#[utoipa::path(
    get,
    path = "/api/integration/customers/{email}/quotes",
    operation_id = "funders-customer-quotes",
    params(("email" = Email, Path, description = "The customer's e-mail address"), ListParams),
    responses(
        (status = 200, description = "A page of quotes", body = Listed<QuoteView>),
        (status = 400, description = "Not an e-mail address"),
        (status = 403, description = "Another customer's address, whether or not that customer exists"),
    )
)]
pub async fn quotes(cx: Cx<Env>, input: List<CustomerPath>) -> Result<Listed<QuoteView>> {
    let email = input.filter.permitted(&cx.caller)?;
    let keep = |item| QuoteView::read(item, cx.now()).map(Some);
    let page = list::page(&cx.env.entries(vec![quotes_of(&email)])?, input.params, keep).await?;
    Ok(page.listed("Quotes of the customer"))
}
