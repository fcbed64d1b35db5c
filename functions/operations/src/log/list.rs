//! `GET /api/integration/logs`: the requests that went to partners, newest first.

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::id::{CorrelationId, LogRowId};
use model::partner::Partner;
use model::{Error, Result};
use runtime::transport::{Attempt, AttemptStatus};
use runtime::{Cx, Domain, Listed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::lane::{lanes, named};
use super::period::{Period, RETENTION};
use super::position::Position;
use super::reader::{ReadBy, ReadLimits, Reader};
use crate::Env;

/// Rows per page where the caller gives no limit.
const USUAL_LIMIT: u32 = 20;
/// Rows per query where a filter may pass over most of them.
const FILTERED_CHUNK: u16 = 100;
/// Rows that one request reads.
const MAX_ROWS: usize = 2_000;

/// The cursor is the log's own and not the one of other lists: several lanes are read side by side, so that a page can end
/// between two rows.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListLogs {
    /// The name of a partner.
    #[garde(skip)]
    partner: Option<String>,
    /// Another name of `partner`.
    #[garde(skip)]
    funder: Option<String>,
    /// An environment of a partner, such as `SANDBOX`, `LIVE` or `UPSTREAM`. Absent: every environment.
    #[garde(skip)]
    environment: Option<String>,
    /// The name of a call, such as `quote`.
    #[garde(length(chars, min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    operation: Option<String>,
    #[garde(skip)]
    status: Option<AttemptStatus>,
    #[garde(skip)]
    correlation_id: Option<CorrelationId>,
    /// The first instant. Absent: 24 hours before `to`, or 30 days with a correlation id.
    #[garde(skip)]
    from: Option<Timestamp>,
    /// The first instant that is too late, at most 30 days after `from`. Absent: now.
    #[garde(skip)]
    to: Option<Timestamp>,
    /// The largest number of rows in the page. Absent: 20.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `nextCursor` of the page before, with every other parameter as it was.
    #[garde(skip)]
    #[param(pattern = "^[0-9a-f]{44}$")]
    cursor: Option<String>,
}

/// A request that went to a partner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    pub id: LogRowId,
    pub partner: String,
    /// The same as `partner`.
    pub funder: String,
    pub environment: String,
    pub operation: String,
    pub status: AttemptStatus,
    /// The number of attempts before this one.
    pub retry_count: u32,
    /// Milliseconds.
    pub response_time: u64,
    pub correlation_id: CorrelationId,
    pub created_at: Timestamp,
    /// Absent where the partner did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Redacted.
    pub request: String,
    /// Redacted.
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
            created_at: row.created_at,
            http_status: row.http_status,
            error: row.error,
            request: row.request,
            response: row.response,
        }
    }
}

impl ListLogs {
    fn wants(&self, row: &Attempt) -> bool {
        let operation = self.operation.as_ref();
        operation.is_none_or(|operation| *operation == row.operation)
            && self.status.is_none_or(|status| status == row.status)
    }

    /// The wanted partner, under either of its names.
    fn partner(&self) -> Result<Option<Partner>> {
        let (member, name) = match (&self.partner, &self.funder) {
            (Some(partner), Some(funder)) if partner != funder => {
                return Err(Error::invalid("funder", "must be the same as `partner`"));
            }
            (Some(name), _) => ("partner", name),
            (None, Some(name)) => ("funder", name),
            (None, None) => return Ok(None),
        };
        named(member, name).map(Some)
    }

    fn period(&self, now: Timestamp) -> Result<Period> {
        // The index finds the rows of an id wherever they are. Only a read hour by hour takes longer for a longer period.
        let usual = match self.correlation_id {
            Some(_) => RETENTION,
            None => SignedDuration::from_hours(24),
        };
        Period::of(self.from, self.to, now, usual, RETENTION)
    }
}

/// The requests that went to partners, newest first.
#[utoipa::path(
    get,
    path = "/api/integration/logs",
    operation_id = "operations-logs",
    tag = "operations",
    params(ListLogs),
    responses(
        (status = 200, description = "A page, possibly short", body = Listed<LogRow>),
        (status = 400, description = "A cursor that this list did not give"),
    )
)]
pub async fn logs(cx: Cx<Env>, query: ListLogs) -> Result<Listed<LogRow>> {
    let redactor = cx.env.redactor();
    let period = query.period(cx.now())?;
    let lanes = lanes(query.partner()?, query.environment.as_deref())?;
    let after = query.cursor.as_deref().map(|cursor| Position::read(cursor, redactor));
    let limit = usize::try_from(query.limit.unwrap_or(USUAL_LIMIT)).unwrap_or(usize::MAX);
    let by = query.correlation_id.map_or(ReadBy::Hour, ReadBy::Correlation);
    let all = query.operation.is_none() && query.status.is_none();
    let limits = ReadLimits {
        chunk: u16::try_from(limit).ok().filter(|_| all).unwrap_or(FILTERED_CHUNK),
        rows: MAX_ROWS,
    };
    let mut reader = Reader::new(&cx, lanes, by, period, after.transpose()?, limits)?;
    let mut page: Vec<LogRow> = Vec::new();
    let mut next = None;
    while page.len() < limit
        && let Some(rows) = reader.next().await?
    {
        let mut found = rows.into_iter().filter(|row| query.wants(row));
        page.extend(found.by_ref().take(limit - page.len()).map(LogRow::from));
        if found.next().is_some() {
            next = page.last().map(|row| Position::of(row.id));
        }
    }
    let next = next.or_else(|| (!reader.is_done()).then(|| reader.reached()));
    let next = next.map(|position| position.cursor(redactor));
    Ok(Listed::new(page, "Integration log", next))
}
