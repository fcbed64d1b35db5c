//! `POST /api/mmob/orders/{orderId}`

use std::collections::BTreeMap;
use std::time::Duration;

use garde::Validate;
use model::error::both;
use model::json::typed::texts;
use model::order::{OrderOutcome, OrderStatus, are_plain, fields_schema, texts_schema};
use model::text::NOT_PLAIN;
use model::{Error, Result};
use runtime::work::row::{Revised, Row};
use runtime::{Cx, Reply, Success};
use serde::Deserialize;
use utoipa::ToSchema;

use super::process::enqueue;
use super::row::OrderRow;
use super::view::OrderView;
use crate::Env;

/// A decision about an order.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderResolution)]
pub struct ResolveOrder {
    #[garde(length(min = 1, max = 64))]
    #[schema(ignore)]
    order_id: String,
    /// `Succesful`, which may be spelt `Successful`, `Need_more_info` or `Failed`.
    #[garde(skip)]
    status: OrderStatus,
    /// Texts that the user sees, by name. They have no format characters, and no control characters other than tabs and line
    /// breaks.
    #[garde(skip)]
    #[schema(schema_with = texts_schema)]
    #[serde(default, deserialize_with = "texts")]
    output: BTreeMap<String, String>,
    /// The members that the user has to fill in, with `Need_more_info`.
    #[garde(skip)]
    #[schema(schema_with = fields_schema)]
    #[serde(default)]
    required_fields: Vec<String>,
    /// The reason for `Failed`.
    #[garde(skip)]
    #[schema(max_length = 2000)]
    error: Option<String>,
}

impl ResolveOrder {
    fn outcome(self) -> Result<OrderOutcome> {
        let mut output = self.output;
        let misplaced = self.error.is_some() && self.status != OrderStatus::Failed;
        if let Some(error) = self.error {
            output.insert("error".to_owned(), error);
        }
        let outcome = OrderOutcome {
            status: self.status,
            output,
            required_fields: self.required_fields,
        };
        let refuse = |is_bad, path: &str, why: &str| if is_bad { Err(Error::invalid(path, why)) } else { Ok(()) };
        let is_plain = are_plain(&outcome.output);
        let own = both(
            refuse(misplaced, "error", "only goes with the status Failed"),
            refuse(!is_plain, "output", NOT_PLAIN),
        );
        both(own, outcome.checked()).map(|(_, outcome)| outcome)
    }
}

/// Decides an order. For staff.
///
/// A worker reports the decision to MMOB within seconds. A final status never changes.
#[utoipa::path(
    post,
    path = "/api/mmob/orders/{orderId}",
    operation_id = "mmob-order-resolve",
    params(("orderId" = String, Path, description = "MMOB's id of the order", min_length = 1, max_length = 64)),
    request_body = ResolveOrder,
    responses(
        (status = 200, description = "Decided", body = Success<OrderView>),
        (status = 404, description = "Absent"),
        (status = 409, description = "The order is final or is changing now"),
    )
)]
pub async fn resolve(cx: Cx<Env>, wanted: ResolveOrder) -> Result<Reply<Success<OrderView>>> {
    let id = wanted.order_id.clone();
    let outcome = wanted.outcome()?;
    let rows = cx.env.table()?;
    let mut row = OrderRow::load(rows, &id).await?.ok_or_else(Error::not_found)?;
    row.resolve(outcome, &cx.caller.subject, cx.now())?;
    let write = row.replace(rows, cx.now())?;
    let reply = Reply::ok(Success::new(OrderView::of(&row), "Order decided"));
    let reply = cx.counted(cx.commit(vec![write], Ok(reply))).await?;
    // The decision is stored. Without the message, the sweep enqueues the order.
    if let Err(error) = enqueue(&cx.env, &id, Duration::ZERO).await {
        tracing::warn!(%error, "a decided order waits for the sweep");
    }
    Ok(reply)
}
