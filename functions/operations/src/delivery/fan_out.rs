//! An event becomes one delivery per active subscription to its type, however often the event arrives.

use std::time::Duration;

use futures_util::future::join_all;
use model::event::EventType;
use model::id::EventId;
use model::time::UtcTime;
use model::{Error, Kind, Result};
use runtime::Cx;
use runtime::port::bus::Event;
use runtime::work::row::Row;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::row::DeliveryRow;
use crate::Env;
use crate::subscription::SubscriptionRow;

/// The body of a webhook, as Standard Webhooks defines it.
#[derive(Serialize, ToSchema)]
pub struct EventPayload<'a> {
    /// The event's id, the same in every delivery.
    id: EventId,
    /// The type of the event.
    #[serde(rename = "type")]
    kind: EventType,
    /// The time of the event.
    timestamp: UtcTime,
    /// The subject of the event, in ids, names and states. No personal data.
    #[schema(value_type = Object)]
    data: &'a RawValue,
}

pub async fn fan_out(cx: &Cx<Env>, event: &Event) -> Result<()> {
    let payload = serde_json::to_string(&EventPayload {
        id: event.id,
        kind: event.kind,
        timestamp: event.occurred_at.into(),
        data: &event.data,
    });
    let payload = payload.map_err(|error| Error::new(Kind::Internal, "a payload").because(error))?;
    let mut from = None;
    loop {
        let (rows, next) = SubscriptionRow::batch(&cx.env, from).await?;
        let is_wanted = |row: &&SubscriptionRow| row.is_active() && row.event_types.contains(&event.kind);
        let each = rows.iter().filter(is_wanted);
        let begun = join_all(each.map(|subscription| begin(cx, event, &payload, subscription))).await;
        begun.into_iter().collect::<Result<()>>()?;
        match next {
            Some(_) => from = next,
            None => return Ok(()),
        }
    }
}

async fn begin(cx: &Cx<Env>, event: &Event, payload: &str, subscription: &SubscriptionRow) -> Result<()> {
    let row = DeliveryRow::new(event, subscription.id, payload.to_owned(), cx.now());
    if let Some(stored) = row.insert(cx.env.deliveries()?).await? {
        // The event arrived before. If the queue delivers this message again, the worker may have crashed before it sent
        // the first attempt's message.
        if cx.deliveries < 2 || !stored.is_untried() {
            return Ok(());
        }
    }
    cx.env.delivery_queue()?.send(&row.message(), Duration::ZERO).await
}
