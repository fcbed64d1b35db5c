//! Typed ids: UUID v7, so that newer ones sort later, each kind of thing with a type of its own.

use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{PartialSchema, ToSchema};
use uuid::{NoContext, Uuid};

/// The id of a `K`. `K` is only a name.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

#[derive(Debug)]
pub enum QuoteMarker {}
#[derive(Debug)]
pub enum ProposalMarker {}
#[derive(Debug)]
pub enum ProfileMarker {}
#[derive(Debug)]
pub enum CorrelationMarker {}
#[derive(Debug)]
pub enum LogRowMarker {}
#[derive(Debug)]
pub enum EventMarker {}
#[derive(Debug)]
pub enum SubscriptionMarker {}
#[derive(Debug)]
pub enum DeliveryMarker {}
#[derive(Debug)]
pub enum OfferMarker {}
#[derive(Debug)]
pub enum ReceiptMarker {}
#[derive(Debug)]
pub enum ErasureMarker {}

pub type QuoteId = Id<QuoteMarker>;
pub type ProposalId = Id<ProposalMarker>;
pub type ProfileId = Id<ProfileMarker>;
pub type CorrelationId = Id<CorrelationMarker>;
pub type LogRowId = Id<LogRowMarker>;
pub type EventId = Id<EventMarker>;
pub type SubscriptionId = Id<SubscriptionMarker>;
pub type DeliveryId = Id<DeliveryMarker>;
pub type ErasureId = Id<ErasureMarker>;
pub type OfferId = Id<OfferMarker>;
/// For things that carry another system's id and are listed by arrival.
pub type ReceiptId = Id<ReceiptMarker>;

impl<K> Id<K> {
    /// A new id made at `now`.
    pub fn new(now: Timestamp) -> Self {
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or_default();
        Self::from(Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanos)))
    }

    /// The same id for the same thing and name, on every instance.
    pub fn named(of: &Uuid, name: &str) -> Self {
        Self::from(Uuid::new_v5(of, name.as_bytes()))
    }

    pub fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl<K> From<Uuid> for Id<K> {
    fn from(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }
}

impl<K> FromStr for Id<K> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<Uuid>().map(Self::from)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Id<K> {}

impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Id<K> {}

impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("must be a UUID"))
    }
}

impl<K> PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::Custom("uuid".into())))
            .into()
    }
}

impl<K> ToSchema for Id<K> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_later_and_survive_text() {
        let early = QuoteId::new(Timestamp::from_millisecond(1_000).unwrap());
        let late = QuoteId::new(Timestamp::from_millisecond(2_000).unwrap());
        assert!(early < late);
        assert_eq!(early.to_string().parse::<QuoteId>().unwrap(), early);
    }
}
