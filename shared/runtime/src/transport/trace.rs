//! The integration log: one row for every request that left, redacted, kept 30 days.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use call::{Answer, Call};
use futures_util::future::join_all;
use jiff::Timestamp;
use model::id::{CorrelationId, LogRowId};
use model::{Error, Kind, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::target::{CallContext, Target};
use crate::port::metric;
use crate::port::store::{Item, Store, item};
use crate::transport::redact::Redactor;

/// Seconds.
const RETENTION: i64 = 30 * 24 * 60 * 60;

/// SUCCESS, RETRY if it failed and was retried, or FAILED.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AttemptStatus {
    Success,
    /// Failed, and tried again.
    Retry,
    Failed,
}

/// The conclusion of a quote or a proposal. The log counts conclusions, not the calls that they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Conclusion {
    QuoteGenerated,
    QuoteFailed,
    /// The funder has it, whatever it decides.
    ProposalSubmitted,
    ProposalFailed,
}

/// The `operation` of a row that has a conclusion and no call: what ended a quote was a wait, and not a request.
pub const CONCLUSION: &str = "conclusion";

/// A quote or a proposal that is concluded.
pub struct Concluded<'a> {
    pub subject: &'a dyn std::fmt::Display,
    pub conclusion: Conclusion,
    pub partner: &'a str,
    pub environment: String,
    pub correlation: CorrelationId,
    /// The attempts that failed.
    pub failed: u32,
    pub at: Timestamp,
}

/// A row. The member names are those of spec 1's IntegrationLog.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `partner#environment#hour`
    pub pk: String,
    pub sk: LogRowId,
    pub partner: String,
    pub environment: String,
    pub operation: String,
    pub status: AttemptStatus,
    pub retry_count: u32,
    /// Milliseconds.
    pub response_time: u64,
    pub correlation_id: CorrelationId,
    /// The quote, proposal, order or case that the call was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<String>,
    /// What the call concluded, if it was the last one about its quote or proposal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<Conclusion>,
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
}

/// The partition of the log for calls at `at`.
pub fn partition(partner: &str, environment: &str, at: Timestamp) -> String {
    let hour = at.to_string();
    format!("{partner}#{environment}#{}", hour.get(..13).unwrap_or_default())
}

impl Attempt {
    pub(super) fn took(mut self, time: Duration) -> Self {
        self.response_time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self
    }

    pub(super) fn failed(mut self, error: &Error) -> Self {
        self.error = Some(error.kind.rule().code.to_owned());
        if !matches!(error.kind, Kind::PartnerRejected | Kind::PartnerThrottled) {
            tracing::warn!(
                correlation = %self.correlation_id,
                partner = self.partner,
                operation = self.operation,
                cause = error.chain(),
                "an attempt failed"
            );
        }
        self
    }

    pub(super) fn status(mut self, status: AttemptStatus) -> Self {
        self.status = status;
        self
    }

    pub(super) fn retry(mut self, count: u32) -> Self {
        self.retry_count = count;
        self
    }
}

impl Concluded<'_> {
    /// The row of a conclusion without a call.
    fn row(&self, subject: String) -> Attempt {
        let succeeded = matches!(
            self.conclusion,
            Conclusion::QuoteGenerated | Conclusion::ProposalSubmitted
        );
        Attempt {
            pk: partition(self.partner, &self.environment, self.at),
            sk: LogRowId::new(self.at),
            partner: self.partner.to_owned(),
            environment: self.environment.clone(),
            operation: CONCLUSION.to_owned(),
            status: if succeeded {
                AttemptStatus::Success
            } else {
                AttemptStatus::Failed
            },
            // The first of the attempts was no retry.
            retry_count: self.failed.saturating_sub(1),
            response_time: 0,
            correlation_id: self.correlation,
            subject_id: Some(subject),
            conclusion: Some(self.conclusion),
            created_at: self.at,
            http_status: None,
            error: None,
            request: String::new(),
            response: None,
            ttl: self.at.as_second().saturating_add(RETENTION),
        }
    }
}

/// Gathers rows and writes them when no caller waits for it.
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

    pub(super) fn attempt(&self, target: &Target, context: CallContext, call: &Call) -> Attempt {
        let now = context.clock.now();
        Attempt {
            pk: partition(target.partner, &target.environment, now),
            sk: LogRowId::new(now),
            partner: target.partner.to_owned(),
            environment: target.environment.clone(),
            operation: call.operation.to_owned(),
            status: AttemptStatus::Failed,
            retry_count: 0,
            response_time: 0,
            correlation_id: context.correlation,
            subject_id: call.subject.clone(),
            conclusion: None,
            created_at: now,
            http_status: None,
            error: None,
            request: self.redactor.request(target.loggable, call.request.body()),
            response: None,
            ttl: now.as_second().saturating_add(RETENTION),
        }
    }

    pub(super) fn answered(&self, row: Attempt, target: &Target, call: &Call, answer: &Answer) -> Attempt {
        let request = call.request.body();
        Attempt {
            http_status: Some(answer.status.as_u16()),
            response: Some(self.redactor.answer(target.loggable, request, &answer.body)),
            ..row
        }
    }

    pub(super) fn keep(&self, row: Attempt) {
        metric::called(&row.partner, &row.environment, row.error.as_deref(), row.response_time);
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
    }

    /// Notes what a quote or a proposal came to, in the row of its latest call. A worker that repeats this after a crash writes
    /// another row about the same subject, which readers count once.
    pub fn conclude(&self, concluded: &Concluded) {
        let subject = concluded.subject.to_string();
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = rows
            .iter_mut()
            .rev()
            .find(|row| row.subject_id.as_ref() == Some(&subject));
        match latest {
            Some(row) => row.conclusion = Some(concluded.conclusion),
            None => rows.push(concluded.row(subject)),
        }
    }

    /// Writes the gathered rows. A log that cannot be written stops no call, but raises an alarm.
    pub async fn flush(&self) {
        let rows = std::mem::take(&mut *self.rows.lock().unwrap_or_else(PoisonError::into_inner));
        if rows.is_empty() {
            return;
        }
        let Some(table) = &self.table else { return };
        let lost = lost(self.store.as_ref(), table, &rows).await;
        let Some(error) = lost.first() else { return };
        tracing::error!(
            cause = error.chain(),
            rows = lost.len(),
            "integration log rows are lost"
        );
        metric::count("LogRowsLost", u64::try_from(lost.len()).unwrap_or(u64::MAX));
    }
}

/// Writes rows, and returns why each that could not be written was lost. One that the store refuses takes no other with it.
async fn lost(store: &dyn Store, table: &str, rows: &[Attempt]) -> Vec<Error> {
    let append = async |rows: &[Attempt]| {
        let items: Result<Vec<Item>> = rows.iter().map(item).collect();
        store.append(table, items?).await
    };
    match append(rows).await {
        Ok(()) => Vec::new(),
        Err(error) if rows.len() == 1 => vec![error],
        Err(_) => {
            let each = join_all(rows.iter().map(|row| append(std::slice::from_ref(row)))).await;
            each.into_iter().filter_map(Result::err).collect()
        }
    }
}

#[cfg(test)]
mod tests;
