//! Customers and vehicles as quotes describe them, kept up to date with the newest quote.

use jiff::Timestamp;
use model::id::ProfileId;
use model::time::UtcTime;
use model::{Error, Kind, Result};
use runtime::http::list::Entry;
use runtime::port::store::{Backoff, Key, Write};
use runtime::work::row::Version;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// As long as the quotes that describe it, in seconds.
const RETENTION: i64 = 90 * 24 * 60 * 60;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileRow {
    pub id: ProfileId,
    /// As JSON text, which keeps its decimals exact.
    details: String,
    /// When the quote was made that the details are from: an older quote never replaces them.
    pub as_of: Timestamp,
    #[serde(flatten)]
    version: Version,
    created_at: Timestamp,
    ttl: i64,
}

/// A customer or a vehicle, with its times.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile<T> {
    /// The hub's id.
    pub id: ProfileId,
    #[serde(flatten)]
    pub details: T,
    /// When the first quote described it.
    pub created_at: UtcTime,
    /// When the details last changed.
    pub updated_at: UtcTime,
}

impl ProfileRow {
    pub fn view<T: DeserializeOwned>(&self) -> Result<Profile<T>> {
        let details = serde_json::from_str(&self.details);
        Ok(Profile {
            id: self.id,
            details: details.map_err(|error| Error::unreadable("stored details", &error))?,
            created_at: self.created_at.into(),
            updated_at: self.version.updated_at().into(),
        })
    }
}

/// Brings the row at `key` up to date with a quote made at `as_of`, and adds a new row to its list, if it has one. Repeating
/// it changes nothing.
pub async fn update<T: Serialize + Sync>(
    env: &Env,
    key: Key,
    list: Option<&str>,
    details: &T,
    as_of: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let text = serde_json::to_string(details).map_err(|error| Error::new(Kind::Internal, "details").because(error))?;
    let rows = env.table()?;
    // Other workers may write other quotes' details of the same customer.
    let mut pauses = Backoff::of_writer();
    loop {
        let held: Option<ProfileRow> = rows.read(&key).await?;
        if held.as_ref().is_some_and(|held| held.as_of >= as_of) {
            return Ok(());
        }
        let mut version = held.as_ref().map(|held| held.version).unwrap_or_default();
        // A quote that describes the same changes nothing that callers see.
        let is_same = held.as_ref().is_some_and(|held| held.details == text);
        let unchanged = version.advance(if is_same { version.updated_at() } else { now });
        let row = ProfileRow {
            id: held.as_ref().map_or_else(|| ProfileId::new(now), |held| held.id),
            details: text.clone(),
            as_of,
            version,
            created_at: held.as_ref().map_or(now, |held| held.created_at),
            ttl: now.as_second().saturating_add(RETENTION),
        };
        let mut writes = vec![Write::put(key.clone(), &row, unchanged)?];
        if let Some(list) = list {
            writes.push(match &held {
                Some(_) => Entry::renew(list, *row.id.as_uuid(), &key, row.ttl)?,
                None => Entry::write(list, *row.id.as_uuid(), &key, Some(row.ttl))?,
            });
        }
        if rows.write(writes).await? {
            return Ok(());
        }
        pauses.wait_or("other workers keep changing this profile").await?;
    }
}
