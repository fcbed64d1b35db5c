//! `POST /api/integration/deliveries/{deliveryId}/replay`

use std::time::Duration;

use garde::Validate;
use model::id::DeliveryId;
use model::{Error, Kind, Result};
use runtime::work::idempotency::Earlier;
use runtime::work::row::{Revised, Row};
use runtime::{Cx, Reply, Success};
use serde::Deserialize;

use super::row::{DeliveryRow, DeliveryView};
use crate::Env;
use crate::subscription::SubscriptionRow;

/// Delays a message that is sent before its row is written.
const COMMIT_DELAY: Duration = Duration::from_secs(2);

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct ReplayDelivery {
    #[garde(skip)]
    delivery_id: DeliveryId,
}

/// Sends a delivery again, with the same id and body, whatever its status.
///
/// For staff. A receiver that already has the delivery recognises its `webhook-id`.
#[utoipa::path(
    post,
    path = "/api/integration/deliveries/{deliveryId}/replay",
    operation_id = "operations-delivery-replay",
    params(("deliveryId" = DeliveryId, Path, description = "The delivery's id")),
    responses(
        (status = 202, description = "The first attempt is queued", body = Success<DeliveryView>),
        (status = 404, description = "Absent"),
        (status = 409, description = "The subscription is deleted or disabled, or an attempt is running"),
    )
)]
pub async fn replay(cx: Cx<Env>, request: ReplayDelivery) -> Result<Reply<Success<DeliveryView>>> {
    let rows = cx.env.deliveries()?;
    let found = DeliveryRow::load(rows, &request.delivery_id).await?;
    let mut row = found.ok_or_else(Error::not_found)?;
    if cx.earlier() == Earlier::Accepted {
        return Ok(accepted(&row));
    }
    let subscription = SubscriptionRow::existing(&cx.env, &row.subscription_id).await?;
    if !subscription.is_some_and(|subscription| subscription.is_active()) {
        return Err(Error::new(
            Kind::Conflict,
            "The subscription of this delivery is deleted or disabled.",
        ));
    }
    row.replay(&cx.caller.subject);
    let writes = vec![row.replace(rows, cx.now())?];
    let (queue, reply) = (cx.env.delivery_queue()?, accepted(&row));
    let message = row.message();
    cx.counted(cx.commit_and_send(writes, reply, &queue, &message, COMMIT_DELAY))
        .await
}

fn accepted(row: &DeliveryRow) -> Reply<Success<DeliveryView>> {
    Reply::accepted(Success::new(row.view(), "Delivery queued"))
}
