//! Whether a partner answers, from the log of the calls that were made anyway.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::time::UtcTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Builder;

use super::trace::{AttemptStatus, CONCLUSION, partition};
use crate::port::store::{Query, Store, typed};

/// A slow log must not make its readers slow.
const LOG_TIMEOUT: Duration = Duration::from_millis(900);
/// The newest calls per hour that are looked at.
const SAMPLE: u16 = 100;
/// An instance reads the log for one installation this often at most.
const FRESH: SignedDuration = SignedDuration::from_secs(15);

/// From the calls of the last hour. The hub makes no call for it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecentCalls {
    /// Whether the partner answers.
    pub connectivity: Connectivity,
    /// The number of calls.
    pub calls: usize,
    /// The number of calls that failed.
    pub failures: usize,
    /// The time of the newest successful call.
    #[schema(required)]
    pub last_success_at: Option<UtcTime>,
}

/// From the calls of the last hour: `up` if the newest succeeded, `degraded` if it failed and an earlier one succeeded, `down` if all
/// failed, `unknown` without calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Connectivity {
    /// The newest call succeeded.
    Up,
    /// The newest call failed, and an earlier one succeeded.
    Degraded,
    /// Every call failed.
    Down,
    /// There was no call, or the log cannot be read.
    Unknown,
}

/// What an instance has read of the log. Anyone may ask for health, as often as they like.
#[derive(Default)]
pub struct HealthCache(Mutex<BTreeMap<String, (Timestamp, RecentCalls)>>);

impl HealthCache {
    /// The health of one installation of a partner, as it was at most [`FRESH`] ago. Unknown without a log.
    pub async fn health(
        &self,
        store: &dyn Store,
        log: Option<&str>,
        partner: &str,
        environment: &str,
        now: Timestamp,
    ) -> RecentCalls {
        let id = format!("{partner}#{environment}");
        let locked = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = locked().get(&id).cloned();
        let is_fresh = |read_at: Timestamp| (SignedDuration::ZERO..FRESH).contains(&now.duration_since(read_at));
        if let Some((_, calls)) = known.filter(|(read_at, _)| is_fresh(*read_at)) {
            return calls;
        }
        let calls = health(store, log, partner, environment, now).await;
        locked().insert(id, (now, calls.clone()));
        calls
    }
}

/// What is read of a call.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PastCall {
    operation: String,
    status: AttemptStatus,
    created_at: Timestamp,
}

impl PastCall {
    const MEMBERS: &[&str] = &["operation", "status", "createdAt"];
}

async fn health(store: &dyn Store, log: Option<&str>, partner: &str, environment: &str, now: Timestamp) -> RecentCalls {
    let calls = async {
        match log {
            Some(table) => calls(store, table, partner, environment, now).await.unwrap_or_default(),
            None => Vec::new(),
        }
    };
    let calls = tokio::time::timeout(LOG_TIMEOUT, calls).await.unwrap_or_default();
    let good = |call: &&PastCall| call.status == AttemptStatus::Success;
    let failures = calls.len() - calls.iter().filter(good).count();
    let connectivity = match (calls.first(), failures) {
        (None, _) => Connectivity::Unknown,
        (Some(newest), _) if newest.status == AttemptStatus::Success => Connectivity::Up,
        (Some(_), failures) if failures < calls.len() => Connectivity::Degraded,
        _ => Connectivity::Down,
    };
    let last_success_at = calls.iter().find(good).map(|call| call.created_at.into());
    RecentCalls {
        connectivity,
        calls: calls.len(),
        failures,
        last_success_at,
    }
}

/// The calls of the last 60 minutes, newest first. They lie in this hour's partition and the one before.
async fn calls(
    store: &dyn Store,
    table: &str,
    partner: &str,
    environment: &str,
    now: Timestamp,
) -> Result<Vec<PastCall>> {
    let since = now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now);
    let oldest = u64::try_from(since.as_millisecond()).unwrap_or_default();
    let oldest = Builder::from_unix_timestamp_millis(oldest, &[0; 10])
        .into_uuid()
        .to_string();
    let each = [now, since].map(|at| {
        let query = Query::new(table, partition(partner, environment, at), SAMPLE);
        query.from(Some(oldest.clone())).members(PastCall::MEMBERS)
    });
    let [this, before] = &each;
    let (this, before) = join(store.query(this), store.query(before)).await;
    let rows: Result<Vec<PastCall>> = this?.into_iter().chain(before?).map(typed).collect();
    let is_call = |call: &PastCall| call.operation != CONCLUSION && call.created_at > since;
    Ok(rows?.into_iter().filter(is_call).collect())
}
