//! `GET /v1/bqs-case/message/case`

use garde::Validate;
use model::json::Document;
use model::time::from_query;
use model::{Error, Result};
use runtime::Cx;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::arrivals::Arrivals;
use super::moment::{self, DanishTime, ReceivedDate};
use super::schema::{CaseMessage, shown};
use crate::Env;

/// The messages of one response. Lambda allows 6 MB of JSON text in which the response is a string, which can double its size.
const MAX_RESPONSE_BYTES: usize = 2_500_000;
/// A response has no more messages, so that it does not read all of a case that has many.
const MAX_MESSAGES: usize = 1000;
/// No case has a greater number.
const MAX_CASE: u64 = 999_999_999_999_999;

#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListMessages {
    /// The case.
    #[garde(range(max = MAX_CASE))]
    #[param(maximum = 999_999_999_999_999_i64)]
    pre_view_case_id: u64,
    /// The earliest arrival, inclusive. Absent: from the first message.
    #[garde(skip)]
    #[param(format = DateTime, nullable = false)]
    from_date: Option<String>,
}

impl ListMessages {
    fn from(&self) -> Result<Option<ReceivedDate>> {
        let Some(text) = &self.from_date else {
            return Ok(None);
        };
        let date = from_query(text, moment::date);
        let refused = || Error::invalid("from_date", "must be a date in ISO 8601");
        date.map(|date| Some(ReceivedDate::of(moment::timestamp(date))))
            .ok_or_else(refused)
    }
}

/// The messages of a case.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageList {
    /// The case.
    pre_view_case_id: u64,
    /// The next `from_date`. The next response repeats the last message and adds all that arrived since. Without messages, it is
    /// the request's `from_date`.
    latest_received_date: Option<DanishTime>,
    /// Oldest first.
    #[schema(value_type = Vec<CaseMessage>)]
    messages: Vec<Document>,
}

/// Lists the messages of a case in the order of their arrival, for dealers that the caller handles.
///
/// A response may not have all messages. The next request continues at `latestReceivedDate`. While the hub has no case with the
/// number, the list also has the messages that the upstream BQS sent under the same number of its own.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/message/case",
    operation_id = "bqs-message-list",
    params(ListMessages),
    responses((status = 200, description = "The messages; none if there is no such case or the caller does not handle its dealers", body = MessageList))
)]
pub async fn list(cx: Cx<Env>, request: ListMessages) -> Result<MessageList> {
    let mut latest = request.from()?;
    let (rows, dealers) = (cx.env.table()?, &cx.caller.permissions.allowed_dealer_codes);
    let mut arrivals = Arrivals::since(rows, request.pre_view_case_id, dealers, latest).await?;
    let (mut messages, mut size) = (Vec::new(), 0);
    'batches: while messages.len() < MAX_MESSAGES {
        let batch = arrivals.batch().await?;
        if batch.is_empty() {
            break;
        }
        for row in batch {
            size += row.content.len();
            if size > MAX_RESPONSE_BYTES {
                break 'batches;
            }
            latest = Some(row.received());
            messages.push(shown(&row.content)?);
        }
    }
    Ok(MessageList {
        pre_view_case_id: request.pre_view_case_id,
        latest_received_date: latest.map(DanishTime),
        messages,
    })
}
