//! `GET /api/integration/logs`: the requests that went to funders, newest first.

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use model::id::{CorrelationId, LogRowId};
use model::quote::Environment;
use runtime::problem::Problem;
use runtime::transport::{Attempt, Status};
use runtime::{Cx, Domain, Listed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::position::Position;
use super::reader::{Along, Bounds, Reader};
use super::{KEPT, Window, lanes};
use crate::Env;

const USUAL: u32 = 20;
/// Where most rows may be passed over, more are read at once.
const FILTERED: u16 = 100;
const ROWS: usize = 2_000;

#[derive(Deserialize, Validate, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Ask {
    /// The name of a funder.
    #[garde(skip)]
    funder: Option<String>,
    /// Both, unless said.
    #[garde(skip)]
    environment: Option<Environment>,
    /// The name of a call, such as `quote`.
    #[garde(length(chars, min = 1, max = 64))]
    #[param(min_length = 1, max_length = 64)]
    operation: Option<String>,
    #[garde(skip)]
    status: Option<Status>,
    #[garde(skip)]
    correlation_id: Option<CorrelationId>,
    /// The first instant. Unless said, 24 hours before `to`, and 30 days where a correlation id is given.
    #[garde(skip)]
    from: Option<Timestamp>,
    /// The first instant that is too late. At most 30 days after `from`; now, unless said.
    #[garde(skip)]
    to: Option<Timestamp>,
    /// Rows per page, 20 unless said.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// `nextCursor` of the page before, with everything else as it was.
    #[garde(skip)]
    #[param(pattern = "^[0-9a-f]{44}$")]
    cursor: Option<String>,
}

/// A request that went to a funder.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogRow {
    pub id: LogRowId,
    pub funder: String,
    pub environment: String,
    pub operation: String,
    pub status: Status,
    /// How often this call had been tried before.
    pub retry_count: u32,
    /// Milliseconds.
    pub response_time: u64,
    pub correlation_id: CorrelationId,
    pub created_at: Timestamp,
    /// Absent where no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// What kind of failure it was.
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
            funder: row.funder_name,
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

impl Ask {
    fn takes(&self, row: &Attempt) -> bool {
        self.operation
            .as_ref()
            .is_none_or(|operation| *operation == row.operation)
            && self.status.is_none_or(|status| status == row.status)
    }

    fn window(&self, now: Timestamp) -> Result<Window> {
        // The index finds the rows of an id wherever they are; only the walk through the hours takes longer for more.
        let usual = match self.correlation_id {
            Some(_) => KEPT,
            None => SignedDuration::from_hours(24),
        };
        Window::of(self.from, self.to, now, usual, KEPT)
    }
}

/// The requests that went to funders, newest first.
#[utoipa::path(
    get,
    path = "/api/integration/logs",
    operation_id = "operations-logs",
    tag = "operations",
    params(Ask),
    responses(
        (status = 200, description = "A page, possibly short", body = Listed<LogRow>),
        (status = 400, description = "Malformed, or a cursor that was not given", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not for customers", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A filter that cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn logs(cx: Cx<Env>, ask: Ask) -> Result<Listed<LogRow>> {
    cx.caller.must_be_staff()?;
    let redactor = cx.env.redactor();
    let window = ask.window(cx.now())?;
    let lanes = lanes(ask.funder.as_deref(), ask.environment)?;
    let after = ask.cursor.as_deref().map(|cursor| Position::read(cursor, redactor));
    let limit = usize::try_from(ask.limit.unwrap_or(USUAL)).unwrap_or(usize::MAX);
    let along = ask.correlation_id.map_or(Along::Hours, Along::Correlation);
    let all = ask.operation.is_none() && ask.status.is_none();
    let bounds = Bounds {
        chunk: u16::try_from(limit).ok().filter(|_| all).unwrap_or(FILTERED),
        rows: ROWS,
    };
    let mut reader = Reader::new(&cx, lanes, along, window, after.transpose()?, bounds)?;
    let mut page: Vec<LogRow> = Vec::new();
    let mut next = None;
    while page.len() < limit
        && let Some(rows) = reader.next().await?
    {
        let mut found = rows.into_iter().filter(|row| ask.takes(row));
        page.extend(found.by_ref().take(limit - page.len()).map(LogRow::from));
        if found.next().is_some() {
            next = page.last().map(|row| Position::of(row.id));
        }
    }
    let next = next.or_else(|| (!reader.is_done()).then(|| reader.reached()));
    let next = next.map(|position| position.cursor(redactor));
    Ok(Listed::new(page, "Integration log", next))
}
