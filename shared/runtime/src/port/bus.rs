//! The event bus: a function publishes what has happened, and subscribers receive it.

use std::sync::LazyLock;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::DisplayErrorContext;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::event::EventType;
use model::id::EventId;
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::port::config::Config;

/// The source of the hub's events on the bus.
const SOURCE: &str = "trunkline";
/// EventBridge takes at most this many events in one request.
const BATCH: usize = 10;

/// An event in ids, names and states. Subscribers are outside the hub, so it has no personal data.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Stable: a worker that publishes an event again uses the same id, so that subscribers receive it once.
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: EventType,
    pub occurred_at: Timestamp,
    pub data: Box<RawValue>,
}

impl Event {
    pub fn new<T: Serialize>(id: EventId, kind: EventType, occurred_at: Timestamp, data: &T) -> Result<Self> {
        let data = to_raw_value(data).map_err(|error| Error::new(Kind::Internal, "an event").because(error))?;
        Ok(Self {
            id,
            kind,
            occurred_at,
            data,
        })
    }
}

/// Where events are published.
pub trait Bus: Send + Sync {
    /// Publishes all of them or fails. After a failure some may be published; publishing them again does no harm.
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<()>>;
}

pub struct EventBridge {
    config: Config,
    client: LazyLock<Client, Box<dyn FnOnce() -> Client + Send>>,
}

impl EventBridge {
    pub fn new(config: Config, client: impl FnOnce() -> Client + Send + 'static) -> Self {
        Self {
            config,
            client: LazyLock::new(Box::new(client)),
        }
    }

    async fn put(&self, bus: &str, events: &[Event]) -> Result<()> {
        let entries: Result<Vec<_>> = events.iter().map(|event| entry(bus, event)).collect();
        let sent = self.client.put_events().set_entries(Some(entries?)).send().await;
        let answer = sent.map_err(|error| {
            let cause = DisplayErrorContext(error).to_string();
            Error::new(Kind::Unavailable, "events could not be published").because(cause)
        })?;
        if answer.failed_entry_count() == 0 {
            return Ok(());
        }
        let codes: Vec<_> = answer.entries().iter().filter_map(|entry| entry.error_code()).collect();
        Err(Error::new(
            Kind::Unavailable,
            format!("{} of {} events were refused: {codes:?}", codes.len(), events.len()),
        ))
    }
}

fn entry(bus: &str, event: &Event) -> Result<PutEventsRequestEntry> {
    let detail = serde_json::to_string(event).map_err(|error| Error::new(Kind::Internal, "an event").because(error))?;
    let entry = PutEventsRequestEntry::builder()
        .event_bus_name(bus)
        .source(SOURCE)
        .detail_type(event.kind.as_str())
        .detail(detail);
    Ok(entry.build())
}

impl Bus for EventBridge {
    fn publish(&self, events: Vec<Event>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let bus = self.config.need("EVENT_BUS")?;
            for batch in events.chunks(BATCH) {
                self.put(bus, batch).await?;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_is_what_the_rule_and_the_subscribers_expect() {
        let event = Event::new(
            "0190d5a0-0000-7000-8000-000000000001".parse().unwrap(),
            EventType::QuoteGenerated,
            "2026-01-05T10:20:00Z".parse().unwrap(),
            &json!({"quoteId": "q", "status": "GENERATED"}),
        )
        .unwrap();
        let entry = entry("trunkline-test", &event).unwrap();
        assert_eq!(entry.event_bus_name(), Some("trunkline-test"));
        assert_eq!(
            (entry.source(), entry.detail_type()),
            (Some("trunkline"), Some("quote.generated"))
        );
        let detail = entry.detail().unwrap();
        assert_eq!(
            detail,
            concat!(
                r#"{"id":"0190d5a0-0000-7000-8000-000000000001","type":"quote.generated","#,
                r#""occurredAt":"2026-01-05T10:20:00Z","data":{"quoteId":"q","status":"GENERATED"}}"#
            )
        );
        let heard: Event = serde_json::from_str(detail).unwrap();
        assert_eq!(serde_json::to_string(&heard).unwrap(), detail);
    }

    #[tokio::test]
    async fn a_bus_that_is_not_set_up_is_named() {
        let bus = EventBridge::new(Config::default(), || panic!("no client is made"));
        let refused = bus.publish(Vec::new()).await.unwrap_err();
        assert!(refused.message.contains("EVENT_BUS"));
    }
}
