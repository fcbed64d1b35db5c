//! `GET /api/integration/logs`: the requests that went to partners, newest first.

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, LogRowId};
use model::partner::Partner;
use model::time::{UtcTime, query_time};
use model::{Error, Result};
use runtime::http::list::{List, ListPage, ListParams};
use runtime::transport::{Attempt, AttemptStatus, Conclusion};
use runtime::{Cx, Listed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lane::{Lane, lanes, named};
use super::period::{LogPeriod, RETENTION};
use super::position::LogPosition;
use super::reader::{ReadBy, ReadLimits, Reader};
use super::subject::correlation_of;
use crate::Env;

/// Rows per query where a filter may pass over most of them.
const FILTERED_CHUNK: u16 = 100;
/// Rows that one request reads.
const MAX_ROWS: usize = 2_000;

#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListLogs {
    /// The name of a partner.
    #[garde(skip)]
    partner: Option<String>,
    /// An alias of `partner`.
    #[garde(skip)]
    funder: Option<String>,
    /// An environment of a partner, such as `SANDBOX`, `LIVE` or `UPSTREAM`. Absent: every environment.
    #[garde(skip)]
    environment: Option<String>,
    /// The name of a call: `quote`, `proposal`, `proposal-status` and `probe` of every funder, or another partner's.
    #[garde(length(chars, min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    operation: Option<String>,
    /// Calls with this status.
    #[garde(skip)]
    status: Option<AttemptStatus>,
    /// Calls that one request caused, by its `x-correlation-id`.
    #[garde(skip)]
    correlation_id: Option<CorrelationId>,
    /// The id of a quote, a proposal or an order, or the number of a case.
    #[garde(length(chars, min = 1, max = 100))]
    #[param(min_length = 1, max_length = 100)]
    subject_id: Option<String>,
    /// The start of the period. Absent: 24 hours before `to`, or 30 days with a correlation id, a quote or a proposal.
    #[garde(skip)]
    #[serde(default, deserialize_with = "query_time")]
    from: Option<Timestamp>,
    /// The end of the period, exclusive, at most 30 days after `from`. Absent: now.
    #[garde(skip)]
    #[serde(default, deserialize_with = "query_time")]
    to: Option<Timestamp>,
}

/// A request that went to a partner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    /// The row's id.
    pub id: LogRowId,
    /// The partner.
    pub partner: String,
    /// The same as `partner`.
    pub funder: String,
    /// The partner's environment.
    pub environment: String,
    /// The name of the call, such as `quote`.
    pub operation: String,
    /// The result of the call.
    pub status: AttemptStatus,
    /// The number of earlier attempts for the same quote, proposal, change or order, including those of other workers.
    pub retry_count: u32,
    /// Milliseconds.
    pub response_time: u64,
    /// The `x-correlation-id` of the request that caused the call.
    pub correlation_id: CorrelationId,
    /// The quote, proposal, order or case that the request was about. Absent if it was about none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<String>,
    /// The conclusion of the quote or the proposal with this request. A row with the operation `conclusion` has no request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    pub conclusion: Option<Conclusion>,
    /// When the call began.
    pub created_at: UtcTime,
    /// Absent where the partner did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The kind of failure. `unreachable` means that no request arrived, `reset` that the connection broke, and `timeout` that no
    /// answer came in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Redacted. `truncated` marks the cut at 32 KB, and `"x3"` after a list's value means that it occurs three times.
    pub request: String,
    /// Redacted in the same way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
}

impl From<Attempt> for LogRow {
    fn from(row: Attempt) -> Self {
        Self {
            id: row.sk,
            funder: row.partner.clone(),
            partner: row.partner,
            environment: row.environment,
            operation: row.operation,
            status: row.status,
            retry_count: row.retry_count,
            response_time: row.response_time,
            correlation_id: row.correlation_id,
            subject_id: row.subject_id,
            conclusion: row.conclusion,
            created_at: row.created_at.into(),
            http_status: row.http_status,
            error: row.error,
            request: row.request,
            response: row.response,
        }
    }
}

impl ListLogs {
    fn wants(&self, row: &Attempt) -> bool {
        let (operation, subject) = (self.operation.as_ref(), self.subject_id.as_ref());
        operation.is_none_or(|operation| *operation == row.operation)
            && subject.is_none_or(|subject| row.subject_id.as_ref() == Some(subject))
            && self.status.is_none_or(|status| status == row.status)
    }

    /// Whether the filter passes over rows that were read.
    fn is_partial(&self) -> bool {
        self.operation.is_some() || self.subject_id.is_some() || self.status.is_some()
    }

    /// The wanted partner, under either of its names.
    fn partner(&self) -> Result<Option<Partner>> {
        let (member, name) = match (&self.partner, &self.funder) {
            (Some(partner), Some(funder)) if partner != funder => {
                return Err(Error::invalid("funder", "must be the same as partner"));
            }
            (Some(name), _) => ("partner", name),
            (None, Some(name)) => ("funder", name),
            (None, None) => return Ok(None),
        };
        named(member, name).map(Some)
    }

    /// How the wanted rows are found. The rows of a quote or a proposal all have the correlation id of the request that made it,
    /// which the first of them gives away.
    async fn read_by(&self, cx: &Cx<Env>, lanes: &[Lane]) -> Result<ReadBy> {
        let found = match (self.correlation_id, &self.subject_id) {
            (None, Some(subject)) => correlation_of(cx, lanes, subject).await?,
            (given, _) => given,
        };
        Ok(found.map_or(ReadBy::Hour, ReadBy::Correlation))
    }

    fn period(&self, by: ReadBy, now: Timestamp) -> Result<LogPeriod> {
        // The index finds the rows of an id wherever they are. Only a read hour by hour takes longer for a longer period.
        let usual = match by {
            ReadBy::Correlation(_) => RETENTION,
            ReadBy::Hour => SignedDuration::from_hours(24),
        };
        LogPeriod::of(self.from, self.to, now, usual, RETENTION)
    }
}

/// The requests that went to partners, newest first.
///
/// For staff. Each attempt is a row, retries included. Personal data is redacted. Rows are kept for 30 days.
#[utoipa::path(
    get,
    path = "/api/integration/logs",
    operation_id = "operations-logs",
    params(ListLogs, ListParams),
    responses((status = 200, description = "A page, which may be short", body = Listed<LogRow>))
)]
pub async fn logs(cx: Cx<Env>, input: List<ListLogs>) -> Result<Listed<LogRow>> {
    let List { filter, params } = input;
    let lanes = lanes(filter.partner()?, filter.environment.as_deref())?;
    let by = filter.read_by(&cx, &lanes).await?;
    let period = filter.period(by, cx.now())?;
    let limits = ReadLimits {
        chunk: if filter.is_partial() {
            FILTERED_CHUNK
        } else {
            params.limit()
        },
        rows: MAX_ROWS,
    };
    let mut reader = Reader::new(&cx, lanes, by, period, params.cursor.map(LogPosition::from), limits)?;
    let limit = usize::from(params.limit());
    let mut page: ListPage<LogRow> = ListPage {
        rows: Vec::new(),
        next: None,
    };
    while page.rows.len() < limit
        && let Some(rows) = reader.next().await?
    {
        let mut found = rows.into_iter().filter(|row| filter.wants(row));
        let room = limit - page.rows.len();
        page.rows.extend(found.by_ref().take(room).map(LogRow::from));
        if found.next().is_some() {
            page.next = page.rows.last().map(|row| LogPosition::of(row.id).into());
        }
    }
    if page.next.is_none() && !reader.is_done() {
        page.next = Some(reader.reached().into());
    }
    Ok(page.listed("Integration log"))
}
