//! `GET /api/vehicles`

use garde::Validate;
use model::Result;
use model::vehicle::Vehicle;
use runtime::listing::{self, Cursor, Window};
use runtime::problem::Problem;
use runtime::{Cx, Domain, Listed, store};
use serde::Deserialize;

use crate::Env;
use crate::profile::{Profile, ProfileRow};

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(range(min = 1, max = 100))]
    limit: Option<u16>,
    #[garde(skip)]
    cursor: Option<Cursor>,
}

/// Every vehicle with a CAP id that was quoted, the newest first. For staff.
#[utoipa::path(
    get,
    path = "/api/vehicles",
    operation_id = "funders-vehicle-list",
    tag = "funders",
    params(
        ("limit" = Option<u16>, Query, description = "At most so many; 20 where absent", minimum = 1, maximum = 100),
        ("cursor" = Option<Cursor>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of vehicles", body = Listed<Profile<Vehicle>>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<Listed<Profile<Vehicle>>> {
    cx.caller.must_be_staff()?;
    let window = Window::all(which.cursor, which.limit);
    let page = listing::page(
        cx.env.store().as_ref(),
        cx.env.table()?,
        vec![super::LIST.into()],
        window,
        |row| store::typed::<ProfileRow>(row)?.view().map(Some),
    );
    Ok(page.await?.listed("Vehicles"))
}
