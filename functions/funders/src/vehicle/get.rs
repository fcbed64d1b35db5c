//! `GET /api/vehicles/{capId}`

use garde::Validate;
use model::vehicle::{Vehicle, printable};
use model::{Error, Result};
use runtime::{Cx, Success};
use serde::Deserialize;

use super::row::{key, key_of};
use crate::Env;
use crate::profile::{Profile, ProfileRow};

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetVehicle {
    #[garde(custom(printable), length(min = 1, max = 20))]
    cap_id: String,
}

/// A vehicle, as the newest quote describes it.
///
/// Customers see only vehicles of their own quotes, as they described them. Staff see all.
#[utoipa::path(
    get,
    path = "/api/vehicles/{capId}",
    operation_id = "funders-vehicle-get",
    params(("capId" = String, Path, description = "The vehicle's id in the CAP database", min_length = 1, max_length = 20, pattern = "^[ -~]*$")),
    responses(
        (status = 200, description = "The vehicle", body = Success<Profile<Vehicle>>),
        (status = 404, description = "The caller may see no quote for it"),
        (status = 422, description = "Not a CAP id"),
    )
)]
pub async fn get(cx: Cx<Env>, input: GetVehicle) -> Result<Success<Profile<Vehicle>>> {
    let key = match cx.caller.staff {
        true => key(&cx.env, &input.cap_id)?,
        false => key_of(&cx.env, &input.cap_id, &cx.caller.subject)?,
    };
    let row: Option<ProfileRow> = cx.env.table()?.read(&key).await?;
    Ok(Success::new(row.ok_or_else(Error::not_found)?.view()?, "Vehicle"))
}
