//! SQS `deliveries`: an event becomes a delivery per subscription, and a delivery is tried.

use garde::Validate;
use model::id::DeliveryId;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::bus::Event;
use serde::{Deserialize, Serialize};

use super::attempt::attempt;
use super::fan_out::fan_out;
use crate::Env;

/// A message: an event as EventBridge wraps it, or a delivery and which of its attempts. What else EventBridge says is not
/// needed.
#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    #[garde(skip)]
    detail: Option<Event>,
    #[garde(skip)]
    delivery_id: Option<DeliveryId>,
    #[garde(inner(range(min = 1)))]
    attempt: Option<u32>,
}

/// The second kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    pub delivery_id: DeliveryId,
    pub attempt: u32,
}

pub async fn send(cx: Cx<Env>, message: Message) -> Result<()> {
    match (message.detail, message.delivery_id, message.attempt) {
        (Some(event), None, None) => fan_out(&cx, &event).await,
        (None, Some(delivery_id), Some(number)) => {
            let due = Due {
                delivery_id,
                attempt: number,
            };
            attempt(&cx, due).await
        }
        _ => Err(Error::new(Kind::Malformed, "neither an event nor a delivery")),
    }
}
