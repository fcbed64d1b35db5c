//! `GET /api/mmob/orders/{orderId}`

use garde::Validate;
use model::{Error, Result};
use runtime::work::row::Row;
use runtime::{Cx, Success};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::details::OrderDetails;
use super::row::OrderRow;
use super::view::OrderView;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct GetOrder {
    #[garde(length(min = 1, max = 64))]
    order_id: String,
}

/// An order with MMOB's current data.
#[derive(Serialize, ToSchema)]
pub struct DetailedOrder {
    #[serde(flatten)]
    order: OrderView,
    /// MMOB's current data of the order.
    mmob: OrderDetails,
}

/// Shows an order with its input, product and user. For staff.
///
/// The hub stores the ids only. It reads the rest from MMOB for each response. If MMOB does not answer, the response has the
/// hub's own data, and `mmob.unread` names the missing parts.
#[utoipa::path(
    get,
    path = "/api/mmob/orders/{orderId}",
    operation_id = "mmob-order-get",
    params(("orderId" = String, Path, description = "MMOB's id of the order", min_length = 1, max_length = 64)),
    responses(
        (status = 200, description = "The order's current state", body = Success<DetailedOrder>),
        (status = 404, description = "Absent"),
        (status = 422, description = "Not an order's id"),
    )
)]
pub async fn get(cx: Cx<Env>, wanted: GetOrder) -> Result<Success<DetailedOrder>> {
    let row = OrderRow::load(cx.env.table()?, &wanted.order_id).await?;
    let row = row.ok_or_else(Error::not_found)?;
    let mmob = cx.counted(OrderDetails::read(&cx, &row)).await;
    let order = OrderView::of(&row);
    Ok(Success::new(DetailedOrder { order, mmob }, "Order"))
}
