//! `GET /api/mmob/products`

use garde::Validate;
use model::Result;
use runtime::listing::{self, Cursor, Window};
use runtime::problem::Problem;
use runtime::{Cx, Domain, Listed, store};
use serde::Deserialize;

use super::offer::{LIST, OfferRow, ProductView};
use crate::Env;

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(range(min = 1, max = 100))]
    limit: Option<u16>,
    #[garde(skip)]
    cursor: Option<Cursor>,
}

/// The products that were created here, newest first. For staff.
#[utoipa::path(
    get,
    path = "/api/mmob/products",
    operation_id = "mmob-product-list",
    tag = "mmob",
    params(
        ("limit" = Option<u16>, Query, description = "At most so many; 20 where absent", minimum = 1, maximum = 100),
        ("cursor" = Option<Cursor>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of products, without secrets", body = Listed<ProductView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<Listed<ProductView>> {
    cx.caller.must_be_staff()?;
    let window = Window::all(which.cursor, which.limit);
    let keep = |row| Ok(Some(store::typed::<OfferRow>(row)?.view()));
    let (store, table) = (cx.env.store().as_ref(), cx.env.table()?);
    let page = listing::page(store, table, vec![LIST.into()], window, keep);
    Ok(page.await?.listed("Products"))
}
