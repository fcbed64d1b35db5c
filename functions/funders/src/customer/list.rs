//! `GET /api/customers`

use model::Result;
use model::person::Customer;
use runtime::http::list::{self, List, ListParams, NoFilter};
use runtime::port::store;
use runtime::{Cx, Listed};

use super::row::LIST;
use crate::Env;
use crate::profile::{Profile, ProfileRow};

/// Every customer with a quote, newest first. For staff.
///
/// The e-mail address identifies a customer. The newest quote has the details.
#[utoipa::path(
    get,
    path = "/api/customers",
    operation_id = "funders-customer-list",
    params(ListParams),
    responses((status = 200, description = "A page of customers", body = Listed<Profile<Customer>>))
)]
pub async fn list(cx: Cx<Env>, input: List<NoFilter>) -> Result<Listed<Profile<Customer>>> {
    let keep = |item| store::typed::<ProfileRow>(item)?.view().map(Some);
    let page = list::page(&cx.env.entries(vec![LIST.into()])?, input.params, keep).await?;
    Ok(page.listed("Customers"))
}
