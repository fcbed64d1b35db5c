//! `GET /api/mmob/orders`

use garde::Validate;
use jiff::Timestamp;
use model::Result;
use model::order::OrderStatus;
use runtime::listing::{self, Cursor, Window, months};
use runtime::problem::Problem;
use runtime::{Cx, Domain, Listed, store};
use serde::Deserialize;

use super::row::{LIST, OrderRow};
use super::view::OrderView;
use crate::Env;

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(skip)]
    status: Option<OrderStatus>,
    #[garde(skip)]
    manual: Option<bool>,
    #[garde(skip)]
    late: Option<bool>,
    #[garde(skip)]
    from: Option<Timestamp>,
    #[garde(skip)]
    to: Option<Timestamp>,
    #[garde(range(min = 1, max = 100))]
    limit: Option<u16>,
    #[garde(skip)]
    cursor: Option<Cursor>,
}

/// Orders, newest first. For staff.
///
/// A new order is listed when somebody has taken it on, which is within seconds.
#[utoipa::path(
    get,
    path = "/api/mmob/orders",
    operation_id = "mmob-order-list",
    tag = "mmob",
    params(
        ("status" = Option<OrderStatus>, Query, description = "Only those that are so now"),
        ("manual" = Option<bool>, Query, description = "Only those that wait for an operator, or only those that do not"),
        ("late" = Option<bool>, Query, description = "Only those that were not finished in their user's minute, or only those that were"),
        ("from" = Option<Timestamp>, Query, description = "Posted at this instant or later"),
        ("to" = Option<Timestamp>, Query, description = "Posted at this instant or earlier"),
        ("limit" = Option<u16>, Query, description = "At most so many; 20 where absent", minimum = 1, maximum = 100),
        ("cursor" = Option<Cursor>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of orders", body = Listed<OrderView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<Listed<OrderView>> {
    cx.caller.must_be_staff()?;
    let window = Window {
        from: which.from,
        to: which.to,
        cursor: which.cursor,
        limit: which.limit,
    };
    let (from, to) = window.span(cx.now())?;
    let keep = |row| {
        let row: OrderRow = store::typed(row)?;
        let wanted = which.status.is_none_or(|status| status == row.status)
            && which.manual.is_none_or(|manual| manual == row.manual.is_some())
            && which.late.is_none_or(|late| late == row.late);
        Ok(wanted.then(|| OrderView::of(&row)))
    };
    let (store, table) = (cx.env.store().as_ref(), cx.env.table()?);
    let page = listing::page(store, table, months(LIST, from, to), window, keep);
    Ok(page.await?.listed("Orders"))
}
