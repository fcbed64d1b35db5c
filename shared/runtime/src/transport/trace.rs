//! The integration log: one row for every request that left, redacted, kept 30 days.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use model::id::{CorrelationId, LogRowId};
use model::{Error, Kind, Result};
use partners::{Answer, Call};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Target, Trip};
use crate::metric;
use crate::redact::Redactor;
use crate::store::{Item, Store, item};

/// Seconds.
const KEPT: i64 = 30 * 24 * 60 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = AttemptStatus)]
pub enum Status {
    Success,
    /// Failed, and tried again.
    Retry,
    Failed,
}

/// A row. The member names are those of spec 1's IntegrationLog.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `funder#environment#hour`
    pub pk: String,
    pub sk: LogRowId,
    pub funder_name: String,
    pub environment: String,
    pub operation: String,
    pub status: Status,
    pub retry_count: u32,
    /// Milliseconds.
    pub response_time: u64,
    pub correlation_id: CorrelationId,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    pub request: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    pub ttl: i64,
    #[serde(skip)]
    seen: Option<Seen>,
}

/// How an answer is shown.
#[derive(Clone, Debug)]
struct Seen {
    redactor: Redactor,
    loggable: &'static [&'static str],
}

/// The partition of the log that holds what happened at `at`.
pub fn partition(partner: &str, environment: &str, at: Timestamp) -> String {
    let hour = at.to_string();
    format!("{partner}#{environment}#{}", hour.get(..13).unwrap_or_default())
}

impl Attempt {
    pub(super) fn took(mut self, time: Duration) -> Self {
        self.response_time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self
    }

    pub(super) fn answered(mut self, answer: &Answer) -> Self {
        self.http_status = Some(answer.status.as_u16());
        self.response = self
            .seen
            .as_ref()
            .map(|seen| seen.redactor.document(&answer.body, seen.loggable));
        self
    }

    pub(super) fn failed(mut self, error: &Error) -> Self {
        self.error = Some(error.kind.rule().code.to_owned());
        if !matches!(error.kind, Kind::PartnerRejected | Kind::PartnerThrottled) {
            tracing::warn!(
                correlation = %self.correlation_id,
                funder = self.funder_name,
                operation = self.operation,
                cause = crate::launch::chain(error),
                "an attempt failed"
            );
        }
        self
    }

    pub(super) fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    pub(super) fn retry(mut self, count: u32) -> Self {
        self.retry_count = count;
        self
    }
}

/// Gathers rows and writes them when it costs nobody time.
pub struct Tracer {
    store: Arc<dyn Store>,
    table: Option<String>,
    redactor: Redactor,
    rows: Mutex<Vec<Attempt>>,
}

impl Tracer {
    pub fn new(store: Arc<dyn Store>, table: Option<String>, redactor: Redactor) -> Self {
        Self {
            store,
            table,
            redactor,
            rows: Mutex::default(),
        }
    }

    pub(super) fn attempt(&self, target: &Target, trip: Trip, call: &Call) -> Attempt {
        let now = trip.clock.now();
        Attempt {
            pk: partition(target.partner, &target.environment, now),
            sk: LogRowId::new(now),
            funder_name: target.partner.to_owned(),
            environment: target.environment.clone(),
            operation: call.operation.to_owned(),
            status: Status::Failed,
            retry_count: 0,
            response_time: 0,
            correlation_id: trip.correlation,
            created_at: now,
            http_status: None,
            error: None,
            request: self.redactor.document(call.request.body(), target.loggable),
            response: None,
            ttl: now.as_second().saturating_add(KEPT),
            seen: Some(Seen {
                redactor: self.redactor.clone(),
                loggable: target.loggable,
            }),
        }
    }

    pub(super) fn keep(&self, row: Attempt) {
        metric::called(&row);
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }

    /// Writes what has gathered. A log that cannot be written stops nothing, but says so.
    pub async fn flush(&self) {
        let rows = std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner));
        if rows.is_empty() {
            return;
        }
        let Some(table) = &self.table else { return };
        let items: Result<Vec<Item>> = rows.iter().map(item).collect();
        let written = match items {
            Ok(items) => self.store.append(table, items).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(
                cause = crate::launch::chain(&error),
                rows = rows.len(),
                "integration log rows are lost"
            );
        }
    }
}
