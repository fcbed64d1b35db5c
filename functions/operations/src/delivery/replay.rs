//! `POST /api/integration/deliveries/{deliveryId}/replay`

use std::time::Duration;

use garde::Validate;
use model::id::DeliveryId;
use model::{Error, Kind, Result};
use runtime::once::Earlier;
use runtime::problem::Problem;
use runtime::{Cx, Reply};
use serde::Deserialize;

use super::DeliveryView;
use super::row::DeliveryRow;
use super::send::Due;
use crate::Env;
use crate::subscription::SubscriptionRow;

/// A message for work not yet written is delivered after it will be.
const SOON: Duration = Duration::from_secs(2);

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    #[garde(skip)]
    delivery_id: DeliveryId,
}

/// Delivers once more, with the same id and body, whatever came of it before.
#[utoipa::path(
    post,
    path = "/api/integration/deliveries/{deliveryId}/replay",
    operation_id = "operations-delivery-replay",
    tag = "operations",
    params(
        ("deliveryId" = DeliveryId, Path, description = "The delivery's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key replays once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
    ),
    responses(
        (status = 202, description = "It is on its way", body = DeliveryView),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Absent", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Its subscription is deleted or disabled, or it is just being tried", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used for another body", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage or queue failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn replay(cx: Cx<Env>, which: Which) -> Result<Reply<DeliveryView>> {
    cx.caller.must_be_staff()?;
    let found = DeliveryRow::load(&cx.env, which.delivery_id, cx.now()).await?;
    let mut row = found.ok_or_else(Error::not_found)?;
    if cx.earlier() == Earlier::Accepted {
        return Ok(Reply::accepted(row.view()));
    }
    let subscription = SubscriptionRow::load(&cx.env, row.subscription_id).await?;
    if !subscription.is_some_and(|held| held.is_active()) {
        return Err(Error::new(
            Kind::Conflict,
            "The subscription of this delivery is deleted or disabled.",
        ));
    }
    row.replay();
    let due = Due {
        delivery_id: row.id,
        attempt: row.attempt,
    };
    // Sent before it is promised: a message too many is harmless, a promise without one is not.
    cx.env.delivery_queue()?.send(&due, SOON).await?;
    let write = row.replace(&cx.env, cx.now())?;
    cx.commit(vec![write], Ok(Reply::accepted(row.view()))).await
}
