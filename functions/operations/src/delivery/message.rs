//! The message of a delivery's next attempt.

use model::id::DeliveryId;
use serde::Serialize;

/// Names a delivery and the attempt that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryMessage {
    pub delivery_id: DeliveryId,
    pub attempt: u32,
}
