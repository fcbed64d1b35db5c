//! `GET /api/mmob/orders/{orderId}`

use garde::Validate;
use model::{Error, Result};
use runtime::work::row::Row;
use runtime::{Cx, Success};
use serde::Deserialize;

use super::row::OrderRow;
use super::view::OrderView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetOrder {
    #[garde(length(min = 1, max = 64))]
    order_id: String,
}

/// Shows an order. For staff.
///
/// It has no data of the user.
#[utoipa::path(
    get,
    path = "/api/mmob/orders/{orderId}",
    operation_id = "mmob-order-get",
    tag = "mmob",
    params(("orderId" = String, Path, description = "MMOB's id of the order", min_length = 1, max_length = 64)),
    responses(
        (status = 200, description = "The order's current state", body = Success<OrderView>),
        (status = 404, description = "Absent"),
        (status = 422, description = "Not an order's id"),
    )
)]
pub async fn get(cx: Cx<Env>, wanted: GetOrder) -> Result<Success<OrderView>> {
    let row = OrderRow::load(cx.env.table()?, &wanted.order_id).await?;
    let row = row.ok_or_else(Error::not_found)?;
    Ok(Success::new(OrderView::of(&row), "Order"))
}
