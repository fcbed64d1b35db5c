//! What quotes tell of a customer or a vehicle, kept up to date with the newest of them.

use crate::Env;
use jiff::Timestamp;
use model::id::ProfileId;
use model::{Error, Kind, Result};
use runtime::Domain;
use runtime::listing::Entry;
use runtime::store::{Key, Outcome, When, Write};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// As long as the quotes it is known from, in seconds.
const KEPT: i64 = 90 * 24 * 60 * 60;
/// Other workers may be filing other quotes of the same person.
const TRIES: u32 = 5;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileRow {
    id: ProfileId,
    /// As JSON text, for the decimals in it.
    details: String,
    /// When the quote was made that the details are from: an older one never replaces them.
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

/// Brings the row at `key` up to date with a quote made at `as_of`, and a new one into its list. Repeating it changes
/// nothing.
pub async fn keep<T: Serialize + Sync>(
    env: &Env,
    key: Key,
    list: &str,
    details: &T,
    as_of: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let text = serde_json::to_string(details).map_err(|error| Error::new(Kind::Internal, "details").because(error))?;
    for _ in 0..TRIES {
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
            ttl: now.as_second().saturating_add(KEPT),
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
        if env.store().write(writes).await? == Outcome::Done {
            return Ok(());
        }
    }
    Err(Error::new(Kind::Unavailable, "a profile is being changed by too many"))
}
