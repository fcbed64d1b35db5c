//! `GET /api/vehicles`

use model::Result;
use model::vehicle::Vehicle;
use runtime::http::list::{self, List, ListParams, NoFilter};
use runtime::port::store;
use runtime::{Cx, Listed};

use super::row::LIST;
use crate::Env;
use crate::profile::{Profile, ProfileRow};

/// Every quoted vehicle with a CAP id, newest first. For staff.
///
/// The CAP id identifies a vehicle. The newest quote has the details.
#[utoipa::path(
    get,
    path = "/api/vehicles",
    operation_id = "funders-vehicle-list",
    params(ListParams),
    responses((status = 200, description = "A page of vehicles", body = Listed<Profile<Vehicle>>))
)]
pub async fn list(cx: Cx<Env>, input: List<NoFilter>) -> Result<Listed<Profile<Vehicle>>> {
    let keep = |item| store::typed::<ProfileRow>(item)?.view().map(Some);
    let page = list::page(&cx.env.entries(vec![LIST.into()])?, input.params, keep).await?;
    Ok(page.listed("Vehicles"))
}
