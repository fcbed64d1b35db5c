//! `GET /api/customers/{email}`

use model::email::Email;
use model::person::Customer;
use model::{Error, Result};
use runtime::{Cx, Success};

use super::access::CustomerPath;
use super::row::key;
use crate::Env;
use crate::profile::{Profile, ProfileRow};

/// A customer, as the newest quote describes them.
///
/// Customers see themselves; staff see everyone.
#[utoipa::path(
    get,
    path = "/api/customers/{email}",
    operation_id = "funders-customer-get",
    params(("email" = Email, Path, description = "The customer's e-mail address")),
    responses(
        (status = 200, description = "The customer", body = Success<Profile<Customer>>),
        (status = 400, description = "Not an e-mail address"),
        (status = 403, description = "Another customer's address, whether or not that customer exists"),
        (status = 404, description = "No quote was made for this address"),
    )
)]
pub async fn get(cx: Cx<Env>, path: CustomerPath) -> Result<Success<Profile<Customer>>> {
    let email = path.permitted(&cx.caller)?;
    let row: Option<ProfileRow> = cx.env.table()?.read(&key(&cx.env, &email)?).await?;
    Ok(Success::new(row.ok_or_else(Error::not_found)?.view()?, "Customer"))
}
