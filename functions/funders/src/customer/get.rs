//! `GET /api/customers/{email}`

use garde::Validate;
use model::email::Email;
use model::person::Customer;
use model::{Error, Result};
use runtime::problem::Problem;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::permit;
use crate::Env;
use crate::profile::{Profile, ProfileRow};

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(skip)]
    email: String,
}

/// A customer, as the newest quote describes them.
#[utoipa::path(
    get,
    path = "/api/customers/{email}",
    operation_id = "funders-customer-get",
    tag = "funders",
    params(("email" = Email, Path, description = "The customer's e-mail address")),
    responses(
        (status = 200, description = "The customer", body = Success<Profile<Customer>>),
        (status = 400, description = "Not an e-mail address", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Somebody else's, whether or not there is one", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nobody of this address was quoted for", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn get(cx: Cx<Env>, which: Which) -> Result<Success<Profile<Customer>>> {
    let email = permit(&cx.caller, &which.email)?;
    let row: Option<ProfileRow> = cx.env.read(&super::key(&cx.env, &email)?).await?;
    Ok(Success::new(row.ok_or_else(Error::not_found)?.view()?, "Customer"))
}
