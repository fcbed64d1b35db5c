//! SQS `deliveries`: an event becomes a delivery per subscription, and a delivery is attempted.

use garde::Validate;
use model::id::DeliveryId;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::port::bus::Event;
use serde::Deserialize;

use super::attempt::attempt;
use super::fan_out::fan_out;
use super::message::DeliveryMessage;
use crate::Env;

/// A message: an event as EventBridge wraps it, or a delivery and the number of an attempt. Other members of EventBridge are
/// ignored.
#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct EventOrDelivery {
    #[garde(skip)]
    detail: Option<Event>,
    #[garde(skip)]
    delivery_id: Option<DeliveryId>,
    #[garde(inner(range(min = 1)))]
    attempt: Option<u32>,
}

pub async fn send(cx: Cx<Env>, message: EventOrDelivery) -> Result<()> {
    match (message.detail, message.delivery_id, message.attempt) {
        (Some(event), None, None) => fan_out(&cx, &event).await,
        (None, Some(delivery_id), Some(number)) => {
            let message = DeliveryMessage {
                delivery_id,
                attempt: number,
            };
            attempt(&cx, message).await
        }
        _ => Err(Error::new(Kind::Malformed, "neither an event nor a delivery")),
    }
}
