//! A delivery and its attempts as they are stored.
//!
//! A delivery is in the partition of its event's day, so that lists read days. Its attempts are under its own key.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::event::EventType;
use model::id::{DeliveryId, EventId, LogRowId, SubscriptionId};
use model::time::UtcTime;
use ring::digest::{SHA256, digest};
use runtime::port::bus::Event;
use runtime::port::store::{Item, Key, item};
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Builder;

use super::message::DeliveryMessage;
use super::schedule::pause;
/// How many days deliveries and attempts are kept.
const RETENTION_DAYS: i64 = 30;
/// Seconds.
const DAY: i64 = 24 * 60 * 60;

/// PENDING while an attempt is running or due, DELIVERED, or FAILED when no attempt will follow unless it is replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DeliveryStatus {
    /// An attempt is running or due.
    Pending,
    Delivered,
    /// No attempt will follow, unless a replay begins again.
    Failed,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryRow {
    pub id: DeliveryId,
    pub event_id: EventId,
    pub event_type: EventType,
    pub subscription_id: SubscriptionId,
    pub status: DeliveryStatus,
    /// The body that every attempt sends, byte for byte.
    pub payload: String,
    #[serde(flatten)]
    version: Version,
    /// The number of the next attempt. Only the message with this number may make it.
    pub attempt: u32,
    /// Attempts since the delivery began or was replayed.
    round: u32,
    /// All attempts.
    attempts: u32,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The response of the latest attempt, or why there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    /// The `sub` of the member of staff who replayed it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    replayed_by: Option<String>,
    ttl: i64,
}

/// The result of one POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptResult {
    pub at: Timestamp,
    pub took: Duration,
    pub status: Option<u16>,
    /// How long the receiver asks to wait.
    pub retry_after: Option<Duration>,
    pub error: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptRow {
    pk: String,
    sk: LogRowId,
    delivery_id: DeliveryId,
    attempt: u32,
    attempted_at: Timestamp,
    /// Milliseconds.
    response_time: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    ttl: i64,
}

/// A delivery as staff see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryView {
    /// The `webhook-id` that the receiver gets.
    pub id: DeliveryId,
    /// The event's id, the same in its deliveries to other subscriptions.
    pub event_id: EventId,
    /// The type of the event.
    pub event_type: EventType,
    /// The subscription that it goes to.
    pub subscription_id: SubscriptionId,
    /// The delivery's status.
    pub status: DeliveryStatus,
    /// The number of attempts made.
    pub attempts: u32,
    /// The status of the receiver's latest response.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Why there was no response, or no attempt will follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<UtcTime>,
    /// When it began.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
}

/// The id of this event's delivery to this subscription: always the same, and in the order of events.
fn id(event: &Event, subscription: SubscriptionId) -> DeliveryId {
    let hash = digest(&SHA256, format!("{}\n{subscription}", event.id).as_bytes());
    let mut random = [0; 10];
    random.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    let millis = u64::try_from(event.occurred_at.as_millisecond()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into()
}

/// The time of a delivery's event. None if no delivery has this id.
fn event_time(id: DeliveryId) -> Option<Timestamp> {
    let (seconds, nanos) = id.as_uuid().get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

/// The partition of the day of `at`.
fn partition(at: Timestamp) -> String {
    let day = at.to_string();
    format!("DAY#{}", day.get(..10).unwrap_or_default())
}

/// The partitions of all days that can have deliveries, newest first.
pub fn partitions(now: Timestamp) -> Vec<String> {
    let before = |days| now.saturating_sub(SignedDuration::from_hours(24 * days));
    let days = (0..=RETENTION_DAYS + 1).filter_map(|days| before(days).ok());
    days.map(partition).collect()
}

impl Row for DeliveryRow {
    type Id = DeliveryId;

    fn key(table: Table<'_>, id: &DeliveryId) -> Key {
        // The second one never exists.
        let day = event_time(*id).map_or_else(|| "DAY#".to_owned(), partition);
        table.key(day, &id.to_string())
    }

    fn id(&self) -> &DeliveryId {
        &self.id
    }
}

impl Revised for DeliveryRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl DeliveryRow {
    pub fn new(event: &Event, subscription: SubscriptionId, payload: String, now: Timestamp) -> Self {
        Self {
            id: id(event, subscription),
            event_id: event.id,
            event_type: event.kind,
            subscription_id: subscription,
            status: DeliveryStatus::Pending,
            payload,
            version: Version::first(now),
            attempt: 1,
            round: 0,
            attempts: 0,
            created_at: now,
            next_attempt_at: None,
            last_status: None,
            last_error: None,
            replayed_by: None,
            ttl: now.as_second().saturating_add(RETENTION_DAYS * DAY),
        }
    }

    /// Whether the first attempt is still to be made. Its message may be in the queue, or lost.
    pub fn is_untried(&self) -> bool {
        self.status == DeliveryStatus::Pending && self.attempt == 1
    }

    /// The time until the next attempt is due.
    pub fn wait(&self, now: Timestamp) -> Duration {
        let next = self.next_attempt_at.unwrap_or(now);
        Duration::try_from(next.duration_since(now)).unwrap_or_default()
    }

    /// Since when the next attempt is due.
    pub fn due_since(&self) -> Timestamp {
        self.next_attempt_at.unwrap_or(self.created_at)
    }

    /// Records an attempt. After a failure the next attempt is due later, unless this was the last.
    pub fn record(&mut self, result: &AttemptResult, now: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.round = self.round.saturating_add(1);
        self.last_status = result.status;
        self.last_error = result.error.map(Into::into);
        self.next_attempt_at = None;
        if result.status.is_some_and(|status| (200..300).contains(&status)) {
            self.status = DeliveryStatus::Delivered;
            return;
        }
        match pause(self.round, result.retry_after).and_then(|pause| SignedDuration::try_from(pause).ok()) {
            Some(pause) => {
                self.attempt = self.attempt.saturating_add(1);
                self.next_attempt_at = Some(now.saturating_add(pause).unwrap_or(Timestamp::MAX));
            }
            None => self.status = DeliveryStatus::Failed,
        }
    }

    /// Ends it without another attempt.
    pub fn give_up(&mut self, why: &str) {
        self.status = DeliveryStatus::Failed;
        self.next_attempt_at = None;
        self.last_error = Some(why.to_owned());
    }

    /// Begins the schedule again, in whatever state the delivery is.
    pub fn replay(&mut self, replayed_by: &str) {
        self.replayed_by = Some(replayed_by.to_owned());
        self.status = DeliveryStatus::Pending;
        self.attempt = self.attempt.saturating_add(1);
        self.round = 0;
        self.next_attempt_at = None;
    }

    /// The row of one attempt. It is written without a condition, because the POST was made whatever the delivery's state is.
    pub fn log(&self, attempt: u32, result: &AttemptResult) -> Result<Item> {
        item(&AttemptRow {
            pk: format!("DELIVERY#{}", self.id),
            sk: LogRowId::new(result.at),
            delivery_id: self.id,
            attempt,
            attempted_at: result.at,
            response_time: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
            status_code: result.status,
            error: result.error,
            ttl: result.at.as_second().saturating_add(RETENTION_DAYS * DAY),
        })
    }

    /// The message of the next attempt.
    pub fn message(&self) -> DeliveryMessage {
        DeliveryMessage {
            delivery_id: self.id,
            attempt: self.attempt,
        }
    }

    pub fn view(&self) -> DeliveryView {
        DeliveryView {
            id: self.id,
            event_id: self.event_id,
            event_type: self.event_type,
            subscription_id: self.subscription_id,
            status: self.status,
            attempts: self.attempts,
            status_code: self.last_status,
            error: self.last_error.clone(),
            next_attempt_at: self.next_attempt_at.map(Into::into),
            created_at: self.created_at.into(),
            updated_at: self.version.updated_at().into(),
        }
    }
}
