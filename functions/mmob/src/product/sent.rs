//! Marks that something was sent which MMOB would have twice if it were sent again: MMOB knows no idempotency. What is marked
//! goes by the caller's own key, and outlives the claim on it, which is given up when a call fails.

use jiff::Timestamp;
use model::{Error, Kind, Result};
use runtime::store::{Key, Outcome, When, Write, typed};
use runtime::{Cx, Domain, once};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Env;

/// Longer than idempotency keys are remembered, in seconds.
const KEPT: i64 = 25 * 60 * 60;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    /// Seconds since the epoch; 0 where it is known that it never arrived.
    sent_at: i64,
    /// Whose mark it is.
    owner: Uuid,
    ttl: i64,
}

pub struct Mark {
    key: Key,
    owner: Uuid,
}

/// What is known of earlier calls with the same key.
pub enum Earlier {
    /// Nothing was sent.
    Nothing,
    /// It was sent at this time, and nobody wrote down what came of it.
    Sent(Timestamp),
}

/// What a caller's key and body are called at MMOB. None without a key.
pub fn name<T: Serialize>(cx: &Cx<Env>, what: &str, body: &T) -> Result<Option<Uuid>> {
    let Some(key) = once::key(&cx.headers)? else {
        return Ok(None);
    };
    let body = serde_json::to_string(body).map_err(|error| Error::new(Kind::Internal, "a body").because(error))?;
    let name = format!("{what}\n{}\n{key}\n{body}", cx.caller.subject);
    Ok(Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())))
}

impl Mark {
    pub fn of(env: &Env, name: &Uuid) -> Result<Self> {
        let key = Key::new(env.table()?, format!("SENT#{name}"), Some("SENT"));
        Ok(Self {
            key,
            owner: Uuid::new_v4(),
        })
    }

    /// Marks it as sent from now on, unless it is marked.
    pub async fn set(&self, cx: &Cx<Env>) -> Result<Earlier> {
        let free = When::Any(vec![When::Absent, When::Below("sentAt", 1)]);
        match self.write(cx, cx.now().as_second(), free).await? {
            Outcome::Done => Ok(Earlier::Nothing),
            Outcome::Refused(stood) => {
                let stood = stood.into_iter().flatten().next().map(typed::<Row>).transpose()?;
                let at = stood.and_then(|row| Timestamp::from_second(row.sent_at).ok());
                Ok(Earlier::Sent(at.unwrap_or_else(|| cx.now())))
            }
        }
    }

    /// Marks it as sent again. Only one of those who saw `before` may.
    pub async fn renew(&self, cx: &Cx<Env>, before: Timestamp) -> Result<bool> {
        let unchanged = When::number("sentAt", before.as_second());
        let renewed = self.write(cx, cx.now().as_second(), unchanged).await?;
        Ok(renewed == Outcome::Done)
    }

    /// It is known that it did not arrive. Failing to say so only makes the next call more careful than it need be.
    pub async fn clear(&self, cx: &Cx<Env>) {
        let ours = When::text("owner", self.owner.to_string());
        let cleared = self.write(cx, 0, ours).await;
        if let Err(error) = cleared {
            tracing::warn!(%error, "a mark is left behind");
        }
    }

    async fn write(&self, cx: &Cx<Env>, sent_at: i64, when: When) -> Result<Outcome> {
        let row = Row {
            sent_at,
            owner: self.owner,
            ttl: cx.now().as_second().saturating_add(KEPT),
        };
        let write = Write::put(self.key.clone(), &row, when)?;
        cx.env.store().write(vec![write]).await
    }
}
