//! A delivery and its attempts as they are stored: the delivery under the day of its event, so that lists read days; its
//! attempts under its own key.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::event::EventType;
use model::id::{DeliveryId, EventId, LogRowId, SubscriptionId};
use model::{Error, Result};
use ring::digest::{SHA256, digest};
use runtime::Domain;
use runtime::bus::Event;
use runtime::store::{Item, Key, Query, When, Write, item, typed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Builder;

use super::schedule::pause;
use crate::Env;

/// Deliveries are kept so many days.
pub const KEPT: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DeliveryStatus {
    /// It is tried, or waits to be.
    Pending,
    Delivered,
    /// It is tried no more. A replay begins anew.
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
    /// What is sent, byte for byte the same every time.
    pub payload: String,
    /// Counts writes. Every write names the revision it replaces.
    revision: u32,
    /// The number of the queue message that may make the next attempt.
    pub attempt: u32,
    /// Attempts since the delivery began or was replayed.
    round: u32,
    /// Attempts ever.
    attempts: u32,
    pub created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// Of the latest attempt: what was answered, or why nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    ttl: i64,
}

/// What came of one POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    pub at: Timestamp,
    pub took: Duration,
    pub status: Option<u16>,
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
    /// What the receiver sees as `webhook-id`.
    pub id: DeliveryId,
    pub event_id: EventId,
    pub event_type: EventType,
    pub subscription_id: SubscriptionId,
    pub status: DeliveryStatus,
    /// How often it was tried.
    pub attempts: u32,
    /// What the receiver answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<u16>,
    /// Why there was no answer, or will be none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The one id that this event's delivery to this subscription can have, in the order of events.
fn id(event: &Event, subscription: SubscriptionId) -> DeliveryId {
    let hash = digest(&SHA256, format!("{}\n{subscription}", event.id).as_bytes());
    let mut random = [0; 10];
    random.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
    let millis = u64::try_from(event.occurred_at.as_millisecond()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &random).into_uuid().into()
}

/// When the event of a delivery was. None if no delivery can have this id.
pub fn moment(id: DeliveryId) -> Option<Timestamp> {
    let (seconds, nanos) = id.as_uuid().get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok()
}

/// The partition of the deliveries of a day.
fn partition(at: Timestamp) -> String {
    let day = at.to_string();
    format!("DAY#{}", day.get(..10).unwrap_or_default())
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
            revision: 0,
            attempt: 1,
            round: 0,
            attempts: 0,
            created_at: now,
            updated_at: now,
            next_attempt_at: None,
            last_status: None,
            last_error: None,
            ttl: now.as_second().saturating_add(KEPT * DAY),
        }
    }

    fn key(env: &Env, id: DeliveryId) -> Result<Key> {
        let at = moment(id).ok_or_else(Error::not_found)?;
        Ok(Key::new(env.deliveries()?, partition(at), Some(&id.to_string())))
    }

    /// DynamoDB deletes expired rows late, so what has expired counts as absent.
    pub async fn load(env: &Env, id: DeliveryId, now: Timestamp) -> Result<Option<Self>> {
        let found = env.store().get(&Self::key(env, id)?, true).await?;
        let row: Option<Self> = found.map(typed).transpose()?;
        Ok(row.filter(|row| row.ttl > now.as_second()))
    }

    /// The deliveries of the day of `at`, newest first.
    pub async fn of_day(env: &Env, at: Timestamp, to: Option<DeliveryId>, limit: u16) -> Result<Vec<Self>> {
        let query = Query::new(env.deliveries()?, partition(at), limit).to(to.map(|id| id.to_string()));
        env.store().query(&query).await?.into_iter().map(typed).collect()
    }

    /// The first write of this row.
    pub fn create(&self, env: &Env) -> Result<Write> {
        Write::put(Self::key(env, self.id)?, self, When::Absent)
    }

    /// The write that replaces the revision this row was read as.
    pub fn replace(&mut self, env: &Env, now: Timestamp) -> Result<Write> {
        let unchanged = When::number("revision", self.revision.into());
        self.revision = self.revision.saturating_add(1);
        self.updated_at = now;
        Write::put(Self::key(env, self.id)?, self, unchanged)
    }

    /// The message of this row's next attempt may be waited for, or lost.
    pub fn is_untried(&self) -> bool {
        self.status == DeliveryStatus::Pending && self.attempt == 1
    }

    /// How long it still has to wait.
    pub fn wait(&self, now: Timestamp) -> Duration {
        let next = self.next_attempt_at.unwrap_or(now);
        Duration::try_from(next.duration_since(now)).unwrap_or_default()
    }

    /// Notes an attempt. If it failed it is due again later, unless that was the last.
    pub fn attempted(&mut self, attempted: &Attempted, now: Timestamp) {
        self.attempts = self.attempts.saturating_add(1);
        self.round = self.round.saturating_add(1);
        self.last_status = attempted.status;
        self.last_error = attempted.error.map(Into::into);
        self.next_attempt_at = None;
        if attempted.status.is_some_and(|status| (200..300).contains(&status)) {
            self.status = DeliveryStatus::Delivered;
            return;
        }
        match pause(self.round).and_then(|pause| SignedDuration::try_from(pause).ok()) {
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

    /// Begins anew, whatever came of it before.
    pub fn replay(&mut self) {
        self.status = DeliveryStatus::Pending;
        self.attempt = self.attempt.saturating_add(1);
        self.round = 0;
        self.next_attempt_at = None;
    }

    /// The row of one attempt. It depends on nothing: whatever becomes of the delivery, this POST was made.
    pub fn log(&self, attempt: u32, attempted: &Attempted) -> Result<Item> {
        item(&AttemptRow {
            pk: format!("DELIVERY#{}", self.id),
            sk: LogRowId::new(attempted.at),
            delivery_id: self.id,
            attempt,
            attempted_at: attempted.at,
            response_time: u64::try_from(attempted.took.as_millis()).unwrap_or(u64::MAX),
            status_code: attempted.status,
            error: attempted.error,
            ttl: attempted.at.as_second().saturating_add(KEPT * DAY),
        })
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
            next_attempt_at: self.next_attempt_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
