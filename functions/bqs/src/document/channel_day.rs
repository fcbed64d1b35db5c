//! The documents that a channel uploads and announces in a day, by UTC. Without a limit a stolen key would fill the bucket.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{Error, Kind, Result};
use runtime::port::store::Key;
use runtime::work::row::{Revised, Row, Table, Version};
use serde::{Deserialize, Serialize};

use crate::case::documents::DocumentCount;

/// A thousand cases with ten documents each, of 5 MiB on average.
pub const MOST: DocumentCount = DocumentCount {
    documents: 10_000,
    bytes: 50 * 1024 * 1024 * 1024,
};
/// In seconds.
const DAY: i64 = 24 * 60 * 60;
/// In seconds, from the day's first document on.
const RETENTION: i64 = 2 * 24 * 60 * 60;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelDay {
    /// The channel's name and the date.
    id: String,
    count: DocumentCount,
    #[serde(flatten)]
    version: Version,
    ttl: i64,
}

impl Row for ChannelDay {
    type Id = str;

    fn key(table: Table<'_>, id: &str) -> Key {
        table.key(format!("DOCUMENTS#{id}"), "DAY")
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Revised for ChannelDay {
    fn version(&mut self) -> &mut Version {
        &mut self.version
    }
}

impl ChannelDay {
    /// The channel's day as it is now.
    pub async fn today(rows: Table<'_>, channel: &str, now: Timestamp) -> Result<Self> {
        let id = format!("{channel}#{}", TimeZone::UTC.to_datetime(now).date());
        let begun = Self::load(rows, &id).await?;
        Ok(begun.unwrap_or_else(|| Self {
            id,
            count: DocumentCount::default(),
            version: Version::default(),
            ttl: now.as_second().saturating_add(RETENTION),
        }))
    }

    /// Counts a document of `size` bytes.
    pub fn add(&mut self, size: u64, now: Timestamp) -> Result<()> {
        let count = self.count.with(size, MOST).ok_or_else(|| {
            let left = DAY - now.as_second().rem_euclid(DAY);
            let why = "The channel has uploaded and announced as many documents as it may in a day.";
            Error::new(Kind::TooMany, why).retry_after(Some(Duration::from_secs(left.unsigned_abs())))
        })?;
        self.count = count;
        Ok(())
    }
}
