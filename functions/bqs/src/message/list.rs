//! `GET /v1/bqs-case/message/case`

use garde::Validate;
use model::{Error, Result};
use runtime::Cx;
use runtime::problem::AspNetProblem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::moment::{self, Received};
use super::row::MessageRow;
use super::schema::{CaseMessage, shown};
use crate::Env;
use crate::channel::Role;
use crate::json::Document;

/// In bytes of messages. A function may answer 6 MB of JSON text in which the answer is a string, which can double it.
const MOST: usize = 2_500_000;
/// No case has a greater number.
const MOST_CASES: u64 = 999_999_999_999_999;

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(range(max = MOST_CASES))]
    pre_view_case_id: u64,
    #[garde(skip)]
    from_date: Option<String>,
}

impl Which {
    /// A plus sign that was not escaped in the URL arrives as a space.
    fn from(&self) -> Result<Option<Received>> {
        let Some(text) = &self.from_date else {
            return Ok(None);
        };
        let date = moment::date(&text.replace(' ', "+"));
        let refused = || Error::invalid("from_date", "must be a date in ISO 8601");
        date.map(|date| Some(Received::of(date))).ok_or_else(refused)
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageList {
    pre_view_case_id: u64,
    /// The next `from_date`. The message that arrived then comes again, and with it whatever arrived since. Without
    /// messages it is the `from_date` that was given.
    #[schema(format = DateTime)]
    latest_received_date: Option<String>,
    /// Oldest first.
    #[schema(value_type = Vec<CaseMessage>)]
    messages: Vec<Document>,
}

/// The messages of a case, in the order in which they arrived, for dealers that the caller handles.
///
/// `from_date` is inclusive. One answer may not have all of them: `latestReceivedDate` says from when on to ask again.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/message/case",
    operation_id = "bqs-message-list",
    tag = "bqs",
    params(
        ("pre_view_case_id" = u64, Query, maximum = 999_999_999_999_999_i64, description = "The case"),
        ("from_date" = Option<String>, Query, format = DateTime, description = "From when on, by arrival; everything unless said", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "The messages; none where there is no such case, or its dealers are not the caller's", body = MessageList),
        (status = 400, description = "Invalid, by parameter", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not a reader of messages", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<MessageList> {
    cx.caller.must_have(Role::MessageRead)?;
    let (mut messages, mut size) = (Vec::new(), 0);
    let mut latest = which.from()?;
    let mut next = latest.unwrap_or(Received::FIRST);
    'pages: loop {
        let page = MessageRow::page(&cx.env, which.pre_view_case_id, next).await?;
        if page.is_empty() {
            break;
        }
        for row in page {
            next = row.received().next();
            if !cx.caller.handles(row.message.dealer) {
                continue;
            }
            size += row.message.content.len();
            if size > MOST {
                break 'pages;
            }
            latest = Some(row.received());
            messages.push(shown(&row.message.content)?);
        }
    }
    Ok(MessageList {
        pre_view_case_id: which.pre_view_case_id,
        latest_received_date: latest.map(Received::danish),
        messages,
    })
}
