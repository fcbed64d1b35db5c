//! Markers of requests that MMOB would carry out twice: MMOB has no idempotency keys. A marker belongs to the caller's key and
//! body. It outlives the claim on the key, which a failed call releases.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use runtime::port::store::{Key, When, Write, Written, typed};
use runtime::work::idempotency;
use runtime::{Cx, Domain};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Env;

/// In seconds, and longer than the hub remembers an idempotency key.
const RETENTION: i64 = 25 * 60 * 60;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkerRow {
    /// Seconds since the epoch; 0 if the request certainly did not arrive.
    sent_at: i64,
    /// The call that wrote the marker.
    owner: Uuid,
    ttl: i64,
}

pub struct Marker {
    key: Key,
    owner: Uuid,
}

/// The id that belongs to a caller's key and body. None without a key.
pub fn id<T: Serialize>(cx: &Cx<Env>, what: &str, body: &T) -> Result<Option<Uuid>> {
    let Some(key) = idempotency::key(&cx.headers)? else {
        return Ok(None);
    };
    let body = serde_json::to_string(body).map_err(|error| Error::new(Kind::Internal, "a body").because(error))?;
    let name = format!("{what}\n{}\n{key}\n{body}", cx.caller.subject);
    Ok(Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())))
}

impl Marker {
    pub fn of(env: &Env, id: &Uuid) -> Result<Self> {
        let key = env.table()?.key(format!("SENT#{id}"), "SENT");
        Ok(Self {
            key,
            owner: Uuid::new_v4(),
        })
    }

    /// Marks the request as sent from now on. If an earlier call has marked it, leaves that and returns its time: the result
    /// of that call is unknown.
    pub async fn set(&self, cx: &Cx<Env>) -> Result<Option<Timestamp>> {
        let free = When::Any(vec![When::Absent, When::Below("sentAt", 1)]);
        match self.write(cx, cx.now().as_second(), free).await? {
            Written::Done => Ok(None),
            Written::Refused(stored) => {
                let stored = stored.into_iter().flatten().next();
                let stored = stored.map(typed::<MarkerRow>).transpose()?;
                let at = stored.and_then(|row| Timestamp::from_second(row.sent_at).ok());
                Ok(Some(at.unwrap_or_else(|| cx.now())))
            }
        }
    }

    /// Marks the request as sent again. Of the calls that saw `before`, one succeeds.
    pub async fn renew(&self, cx: &Cx<Env>, before: Timestamp) -> Result<bool> {
        let unchanged = When::number("sentAt", before.as_second());
        let renewed = self.write(cx, cx.now().as_second(), unchanged).await?;
        Ok(renewed == Written::Done)
    }

    /// Notes that the request certainly did not arrive. If this fails, the next call is only more careful than necessary.
    pub async fn clear(&self, cx: &Cx<Env>) {
        let own = When::text("owner", self.owner.to_string());
        if let Err(error) = self.write(cx, 0, own).await {
            tracing::warn!(%error, "a marker could not be cleared");
        }
    }

    async fn write(&self, cx: &Cx<Env>, sent_at: i64, when: When) -> Result<Written> {
        let row = MarkerRow {
            sent_at,
            owner: self.owner,
            ttl: cx.now().as_second().saturating_add(RETENTION),
        };
        let write = Write::put(self.key.clone(), &row, when)?;
        cx.env.store().write(vec![write]).await
    }
}
