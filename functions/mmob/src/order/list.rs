//! `GET /api/mmob/orders`

use garde::Validate;
use model::Result;
use model::order::OrderStatus;
use runtime::http::list::{self, List, ListParams, ListWindow, Period, Source, months};
use runtime::port::store;
use runtime::{Cx, Domain, Listed};
use serde::Deserialize;
use utoipa::IntoParams;

use super::row::{LIST, OrderRow};
use super::view::OrderView;
use crate::Env;

#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[garde(allow_unvalidated)]
pub struct ListOrders {
    /// Orders with this status.
    status: Option<OrderStatus>,
    /// True: orders that wait for an operator. False: the others.
    manual: Option<bool>,
    /// True: orders that missed their user's minute. False: the others.
    late: Option<bool>,
}

/// Lists orders, newest first, by the time that MMOB first posted them. For staff.
///
/// A new order is listed once a worker has leased it, within seconds.
#[utoipa::path(
    get,
    path = "/api/mmob/orders",
    operation_id = "mmob-order-list",
    params(ListOrders, Period, ListParams),
    responses((status = 200, description = "A page of orders", body = Listed<OrderView>))
)]
pub async fn list(cx: Cx<Env>, wanted: List<ListOrders, ListWindow>) -> Result<Listed<OrderView>> {
    let List { filter, params: window } = wanted;
    let (from, to) = window.span(cx.now())?;
    let keep = |row| {
        let row: OrderRow = store::typed(row)?;
        let wanted = filter.status.is_none_or(|status| status == row.status)
            && filter.manual.is_none_or(|manual| manual == row.manual.is_some())
            && filter.late.is_none_or(|late| late == row.late);
        Ok(wanted.then(|| OrderView::of(&row)))
    };
    let source = Source::entries(cx.env.store().as_ref(), cx.env.table()?.name, months(LIST, from, to));
    Ok(list::page(&source, window, keep).await?.listed("Orders"))
}
