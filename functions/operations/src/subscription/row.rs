//! A subscription as it is stored. The row has the secret that signs every delivery, sealed: functions that list subscriptions
//! or replay deliveries read the row and have no keys.

use jiff::Timestamp;
use model::event::EventType;
use model::id::SubscriptionId;
use model::time::UtcTime;
use model::{Error, Kind, Result};
use runtime::Domain;
use runtime::port::store::{Key, Query, typed};
use runtime::work::row::{Revised, Row, Table, Version};
use runtime::work::seal::{Sealed, SealedPlace};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// All subscriptions are in one partition: they are few, and every event reads them all.
pub const PARTITION: &str = "SUBSCRIPTION";
/// Rows that are read together.
const BATCH: u16 = 100;

/// DISABLED after the receiver responded with 410; it gets no more deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SubscriptionStatus {
    Active,
    /// The receiver has responded 410 and gets no more deliveries.
    Disabled,
}

/// In seconds, as long as the deliveries that the deletion ended.
const DELETED_RETENTION: i64 = 30 * 24 * 60 * 60;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionRow {
    pub id: SubscriptionId,
    pub url: String,
    pub event_types: Vec<EventType>,
    pub status: SubscriptionStatus,
    #[serde(flatten)]
    version: Version,
    /// None once the subscription is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Sealed>,
    pub created_at: Timestamp,
    /// The `sub` of the admin, as is the next but one.
    #[serde(default)]
    created_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deleted_by: Option<String>,
    /// None until the subscription is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
}

/// A subscription as admins see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionView {
    /// The subscription's id.
    pub id: SubscriptionId,
    /// The address that gets the events.
    pub url: String,
    /// The types of events that it gets.
    pub event_types: Vec<EventType>,
    /// Whether it gets events.
    pub status: SubscriptionStatus,
    /// When it was created.
    pub created_at: UtcTime,
    /// When it last changed.
    pub updated_at: UtcTime,
}

/// Where the secret of this row stands.
fn secret_of(row: &Key) -> SealedPlace<'_> {
    SealedPlace {
        row,
        member: "subscription.secret",
    }
}

impl Row for SubscriptionRow {
    type Id = SubscriptionId;

    fn key(table: Table<'_>, id: &SubscriptionId) -> Key {
        table.key(PARTITION, &id.to_string())
    }

    fn id(&self) -> &SubscriptionId {
        &self.id
    }
}

impl Revised for SubscriptionRow {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl SubscriptionRow {
    pub fn new(
        id: SubscriptionId,
        url: String,
        event_types: Vec<EventType>,
        secret: Sealed,
        created_by: &str,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            url,
            event_types: distinct(event_types),
            status: SubscriptionStatus::Active,
            version: Version::first(now),
            secret: Some(secret),
            created_at: now,
            created_by: created_by.to_owned(),
            deleted_at: None,
            deleted_by: None,
            ttl: None,
        }
    }

    /// Seals the secret of the subscription with this id.
    pub async fn seal(env: &Env, id: &SubscriptionId, secret: &str, now: Timestamp) -> Result<Sealed> {
        let row = Self::key(env.subscriptions()?, id);
        env.sealing.seal(secret_of(&row), secret, now).await
    }

    /// The secret, if this row was read under the id that it was sealed for.
    pub async fn secret(&self, env: &Env, id: &SubscriptionId, now: Timestamp) -> Result<String> {
        let missing = || Error::new(Kind::Internal, "a subscription has no secret");
        let (row, sealed) = (Self::key(env.subscriptions()?, id), self.secret.as_ref());
        env.sealing
            .open(secret_of(&row), sealed.ok_or_else(missing)?, now)
            .await
    }

    /// A deleted subscription is absent.
    pub async fn existing(env: &Env, id: &SubscriptionId) -> Result<Option<Self>> {
        let row = Self::load(env.subscriptions()?, id).await?;
        Ok(row.filter(|row| !row.is_deleted()))
    }

    /// Ends deliveries to this receiver. A new subscription begins them again.
    pub fn disable(&mut self) {
        self.status = SubscriptionStatus::Disabled;
    }

    /// Removes the secret and marks the row as deleted, for workers that still have deliveries to it and to show who deleted it. False if it is deleted.
    pub fn delete(&mut self, deleted_by: &str, now: Timestamp) -> bool {
        let existed = !self.is_deleted();
        self.secret = None;
        self.deleted_at = Some(now);
        self.deleted_by = Some(deleted_by.to_owned());
        self.ttl = Some(now.as_second().saturating_add(DELETED_RETENTION));
        existed
    }

    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    pub fn is_active(&self) -> bool {
        self.status == SubscriptionStatus::Active
    }

    /// The next subscriptions from `from` on, newest first, and where the next batch begins.
    pub async fn batch(env: &Env, from: Option<SubscriptionId>) -> Result<(Vec<Self>, Option<SubscriptionId>)> {
        // One row more than the batch has, which is where the next one begins.
        let query = Query::new(env.subscriptions()?.name, PARTITION, BATCH + 1).to(from.map(|id| id.to_string()));
        let rows = env.store().query(&query).await?.into_iter().map(typed::<Self>);
        let mut rows: Vec<_> = rows.collect::<Result<_>>()?;
        let next = rows.split_off(rows.len().min(BATCH.into())).pop();
        rows.retain(|row| !row.is_deleted());
        Ok((rows, next.map(|row| row.id)))
    }

    pub fn view(&self) -> SubscriptionView {
        SubscriptionView {
            id: self.id,
            url: self.url.clone(),
            event_types: self.event_types.clone(),
            status: self.status,
            created_at: self.created_at.into(),
            updated_at: self.version.updated_at().into(),
        }
    }
}

/// Each type once, in the order in which the caller sent them.
fn distinct(event_types: Vec<EventType>) -> Vec<EventType> {
    let mut each = Vec::new();
    for kind in event_types {
        if !each.contains(&kind) {
            each.push(kind);
        }
    }
    each
}
