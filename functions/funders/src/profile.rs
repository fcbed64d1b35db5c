//! Customers and vehicles as quotes describe them, kept up to date with the newest quote.

use jiff::Timestamp;
use model::id::ProfileId;
use model::{Error, Kind, Result};
use runtime::Domain;
use runtime::http::list::Entry;
use runtime::port::store::{Key, When, Write, Written};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// As long as the quotes that describe it, in seconds.
const RETENTION: i64 = 90 * 24 * 60 * 60;
/// Other workers may be filing other quotes of the same customer.
const WRITE_ATTEMPTS: u32 = 5;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileRow {
    id: ProfileId,
    /// As JSON text, which keeps its decimals exact.
    details: String,
    /// When the quote was made that the details are from: an older quote never replaces them.
    as_of: Timestamp,
    revision: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
    ttl: i64,
}

/// A customer or a vehicle, with its times.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile<T> {
    pub id: ProfileId,
    #[serde(flatten)]
    pub details: T,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl ProfileRow {
    pub fn view<T: DeserializeOwned>(&self) -> Result<Profile<T>> {
        let details = serde_json::from_str(&self.details);
        Ok(Profile {
            id: self.id,
            details: details.map_err(|error| Error::new(Kind::Internal, "stored details").because(error))?,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Brings the row at `key` up to date with a quote made at `as_of`, and adds a new row to its list. Repeating it changes
/// nothing.
pub async fn update<T: Serialize + Sync>(
    env: &Env,
    key: Key,
    list: &str,
    details: &T,
    as_of: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let text = serde_json::to_string(details).map_err(|error| Error::new(Kind::Internal, "details").because(error))?;
    for _ in 0..WRITE_ATTEMPTS {
        let held: Option<ProfileRow> = env.read(&key).await?;
        if held.as_ref().is_some_and(|held| held.as_of >= as_of) {
            return Ok(());
        }
        let row = ProfileRow {
            id: held.as_ref().map_or_else(|| ProfileId::new(now), |held| held.id),
            details: text.clone(),
            as_of,
            revision: held.as_ref().map_or(0, |held| held.revision + 1),
            created_at: held.as_ref().map_or(now, |held| held.created_at),
            updated_at: now,
            ttl: now.as_second().saturating_add(RETENTION),
        };
        let writes = match &held {
            Some(held) => vec![
                Write::put(key.clone(), &row, When::number("revision", held.revision.into()))?,
                Entry::renew(list, *row.id.as_uuid(), &key, row.ttl)?,
            ],
            None => vec![
                Write::put(key.clone(), &row, When::Absent)?,
                Entry::write(list, *row.id.as_uuid(), &key, Some(row.ttl))?,
            ],
        };
        if env.store().write(writes).await? == Written::Done {
            return Ok(());
        }
    }
    Err(Error::new(
        Kind::Unavailable,
        "other workers keep changing this profile",
    ))
}
