//! An event becomes a delivery per subscription that wants it, once, however often it is heard.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use model::event::EventType;
use model::id::EventId;
use model::{Error, Kind, Result};
use runtime::bus::Event;
use runtime::store::{Outcome, typed};
use runtime::{Cx, Domain};
use serde::Serialize;
use serde_json::value::RawValue;

use super::row::DeliveryRow;
use super::send::Due;
use crate::Env;
use crate::subscription::SubscriptionRow;

/// So many subscriptions are read, and served, at a time.
const TOGETHER: usize = 100;

/// The body of a webhook, as Standard Webhooks has it.
#[derive(Serialize)]
struct Payload<'a> {
    id: EventId,
    #[serde(rename = "type")]
    kind: EventType,
    timestamp: Timestamp,
    data: &'a RawValue,
}

pub async fn fan_out(cx: &Cx<Env>, event: &Event) -> Result<()> {
    let payload = serde_json::to_string(&Payload {
        id: event.id,
        kind: event.kind,
        timestamp: event.occurred_at,
        data: &event.data,
    });
    let payload = payload.map_err(|error| Error::new(Kind::Internal, "a payload").because(error))?;
    let mut from = None;
    loop {
        let (rows, next) = SubscriptionRow::page(&cx.env, from, TOGETHER).await?;
        let wants = |row: &&SubscriptionRow| row.is_active() && row.event_types.contains(&event.kind);
        let each = rows.iter().filter(wants);
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
    if let Outcome::Refused(found) = cx.env.store().write(vec![row.create(&cx.env)?]).await? {
        // Heard before. If this very message comes again, the one that should have followed may never have been sent.
        let held: Option<DeliveryRow> = found.into_iter().next().flatten().map(typed).transpose()?;
        if cx.deliveries < 2 || !held.is_some_and(|held| held.is_untried()) {
            return Ok(());
        }
    }
    let due = Due {
        delivery_id: row.id,
        attempt: row.attempt,
    };
    cx.env.delivery_queue()?.send(&due, Duration::ZERO).await
}
