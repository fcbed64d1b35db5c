//! `POST /api/integration/deliveries/{deliveryId}/replay`

use std::time::Duration;

use garde::Validate;
use model::id::DeliveryId;
use model::{Error, Kind, Result};
use runtime::work::idempotency::Earlier;
use runtime::work::row::Revised;
use runtime::{Cx, Reply};
use serde::Deserialize;

use super::row::{DeliveryRow, DeliveryView};
use crate::Env;
use crate::subscription::SubscriptionRow;

/// The message is sent before the row is written and delivered after it.
const COMMIT_TIME: Duration = Duration::from_secs(2);

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct ReplayDelivery {
    #[garde(skip)]
    delivery_id: DeliveryId,
}

/// Delivers once more, with the same id and body, in whatever state the delivery is.
#[utoipa::path(
    post,
    path = "/api/integration/deliveries/{deliveryId}/replay",
    operation_id = "operations-delivery-replay",
    tag = "operations",
    params(("deliveryId" = DeliveryId, Path, description = "The delivery's id")),
    responses(
        (status = 202, description = "The first attempt is queued", body = DeliveryView),
        (status = 404, description = "Absent"),
        (status = 409, description = "The subscription is deleted or disabled, or an attempt is running"),
    )
)]
pub async fn replay(cx: Cx<Env>, request: ReplayDelivery) -> Result<Reply<DeliveryView>> {
    let rows = cx.env.deliveries()?;
    let found = DeliveryRow::existing(rows, &request.delivery_id, cx.now()).await?;
    let mut row = found.ok_or_else(Error::not_found)?;
    if cx.earlier() == Earlier::Accepted {
        return Ok(Reply::accepted(row.view()));
    }
    let subscription = SubscriptionRow::existing(&cx.env, &row.subscription_id).await?;
    if !subscription.is_some_and(|subscription| subscription.is_active()) {
        return Err(Error::new(
            Kind::Conflict,
            "The subscription of this delivery is deleted or disabled.",
        ));
    }
    row.replay();
    // A message without a row is harmless. A row without a message would never be attempted.
    cx.env.delivery_queue()?.send(&row.message(), COMMIT_TIME).await?;
    let write = row.replace(rows, cx.now())?;
    cx.commit(vec![write], Ok(Reply::accepted(row.view()))).await
}
