//! `GET /v1/bqs-case/message/case`

use model::{Error, Result};
use runtime::problem::AspNetProblem;
use runtime::{Cx, Input, Parts};
use serde::Serialize;
use utoipa::ToSchema;

use super::moment::{self, Received};
use super::row::MessageRow;
use super::schema::{CaseContent, shown};
use crate::Env;
use crate::channel::Role;
use crate::json::Document;

/// In bytes of messages. A function may answer 6 MB of JSON text in which the answer is a string, which can double it.
const MOST: usize = 2_500_000;

/// Which case, and from when on.
pub struct Which {
    case: i64,
    from: Received,
    /// As it was asked for; none asks for everything.
    asked: Option<Received>,
}

impl Input for Which {
    fn read(parts: &Parts) -> Result<Self> {
        let (mut case, mut asked) = (None, None);
        for (name, value) in form_urlencoded::parse(parts.query.as_bytes()) {
            match name.as_ref() {
                "pre_view_case_id" => case = Some(value.parse().map_err(|_| refused(&name))?),
                // A plus sign that was not escaped arrives as a space.
                "from_date" => asked = Some(moment::date(&value.replace(' ', "+")).ok_or_else(|| refused(&name))?),
                _ => {}
            }
        }
        let asked = asked.map(Received::of);
        let missing = || Error::invalid("pre_view_case_id", "The pre_view_case_id field is required.");
        Ok(Self {
            case: case.ok_or_else(missing)?,
            from: asked.unwrap_or(Received::FIRST),
            asked,
        })
    }
}

/// Never repeats what was given.
fn refused(name: &str) -> Error {
    Error::invalid(name, format!("The value of {name} is not valid."))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageList {
    pre_view_case_id: i64,
    /// The next `from_date`. The message that arrived then comes again, and with it whatever arrived since. Without
    /// messages it is the `from_date` that was given.
    #[schema(format = DateTime)]
    latest_received_date: Option<String>,
    /// Oldest first.
    #[schema(value_type = Vec<CaseContent>)]
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
        ("pre_view_case_id" = i64, Query, description = "The case"),
        ("from_date" = Option<String>, Query, format = DateTime, description = "From when on, by arrival; everything unless said", nullable = false),
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
    let (mut latest, mut next) = (which.asked, which.from);
    'pages: loop {
        let page = MessageRow::page(&cx.env, which.case, next).await?;
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
        pre_view_case_id: which.case,
        latest_received_date: latest.map(Received::danish),
        messages,
    })
}
