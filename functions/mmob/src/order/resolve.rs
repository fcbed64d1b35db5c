//! `POST /api/mmob/orders/{orderId}`

use std::collections::BTreeMap;
use std::time::Duration;

use garde::Validate;
use model::order::{OrderStatus, Outcome, fields_schema, texts_schema};
use model::{Error, Result};
use runtime::problem::Problem;
use runtime::{Cx, Reply, Success};
use serde::Deserialize;
use utoipa::ToSchema;

use super::row::OrderRow;
use super::view::OrderView;
use super::wake;
use crate::Env;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OrderResolution)]
pub struct Resolution {
    #[garde(length(min = 1, max = 64))]
    #[schema(ignore)]
    order_id: String,
    /// `Succesful`, which may be spelt `Successful`, `Need_more_info` or `Failed`.
    #[garde(skip)]
    status: OrderStatus,
    /// What the user is told: texts by name.
    #[garde(skip)]
    #[schema(schema_with = texts_schema)]
    #[serde(default)]
    output: BTreeMap<String, String>,
    /// What the user has to fill in, with `Need_more_info`.
    #[garde(skip)]
    #[schema(schema_with = fields_schema)]
    #[serde(default)]
    required_fields: Vec<String>,
    /// Why it failed, with `Failed`.
    #[garde(skip)]
    #[schema(max_length = 2000)]
    error: Option<String>,
}

impl Resolution {
    fn outcome(self) -> Result<Outcome> {
        let mut output = self.output;
        if let Some(error) = self.error {
            if self.status != OrderStatus::Failed {
                return Err(Error::invalid("error", "only goes with `Failed`"));
            }
            output.insert("error".to_owned(), error);
        }
        let outcome = Outcome {
            status: self.status,
            output,
            required_fields: self.required_fields,
        };
        outcome.checked()
    }
}

/// Decides an order. For staff.
///
/// MMOB is told within seconds. A final status never changes.
#[utoipa::path(
    post,
    path = "/api/mmob/orders/{orderId}",
    operation_id = "mmob-order-resolve",
    tag = "mmob",
    params(
        ("orderId" = String, Path, description = "MMOB's id of the order", min_length = 1, max_length = 64),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body decide once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
    ),
    request_body = Resolution,
    responses(
        (status = 200, description = "Decided", body = Success<OrderView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Absent", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The order is final or being changed right now, or the key is in use", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn resolve(cx: Cx<Env>, wanted: Resolution) -> Result<Reply<Success<OrderView>>> {
    cx.caller.must_be_staff()?;
    let id = wanted.order_id.clone();
    let outcome = wanted.outcome()?;
    let mut row = OrderRow::load(&cx.env, &id).await?.ok_or_else(Error::not_found)?;
    row.resolve(outcome, cx.now())?;
    let write = row.replace(&cx.env, cx.now())?;
    let reply = Reply::ok(Success::new(OrderView::of(&row), "Order decided"));
    let reply = cx.commit(vec![write], Ok(reply)).await?;
    // It is decided. Without the message the sweep sends it on.
    if let Err(error) = wake(&cx.env, &id, Duration::ZERO).await {
        tracing::warn!(%error, "a decided order waits for the sweep");
    }
    Ok(reply)
}
