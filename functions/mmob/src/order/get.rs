//! `GET /api/mmob/orders/{orderId}`

use garde::Validate;
use model::{Error, Result};
use runtime::problem::Problem;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::row::OrderRow;
use super::view::OrderView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    #[garde(length(min = 1, max = 64))]
    order_id: String,
}

/// An order. For staff.
#[utoipa::path(
    get,
    path = "/api/mmob/orders/{orderId}",
    operation_id = "mmob-order-get",
    tag = "mmob",
    params(("orderId" = String, Path, description = "MMOB's id of the order", min_length = 1, max_length = 64)),
    responses(
        (status = 200, description = "As it stands now", body = Success<OrderView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Absent", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn get(cx: Cx<Env>, which: Which) -> Result<Success<OrderView>> {
    cx.caller.must_be_staff()?;
    let row = OrderRow::load(&cx.env, &which.order_id).await?;
    let row = row.ok_or_else(Error::not_found)?;
    Ok(Success::new(OrderView::of(&row), "Order"))
}
