//! `POST /v1/bqs-case/message/case`

use http::StatusCode;
use model::Result;
use runtime::problem::AspNetProblem;
use runtime::reply::Rendered;
use runtime::store::Write;
use runtime::{Cx, Reply};

use super::row::{Draft, Head, Once};
use super::schema::{Message, NewMessage};
use crate::Env;
use crate::channel::{Actor, Role};
use crate::forward::row::UpstreamRow;
use crate::json::Body;

/// In bytes. A row may have 400 KB.
pub const LARGEST: usize = 256 * 1024;

/// Takes a message about a case, from whoever may write messages, whatever the dealer.
///
/// The same message again changes nothing.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/message/case",
    operation_id = "bqs-message-create",
    tag = "bqs",
    request_body = NewMessage,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body create once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 202, description = "Kept, without a body"),
        (status = 400, description = "Malformed or invalid, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not a writer of messages", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use, or others were faster too often", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 256 KiB", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn create(cx: Cx<Env>, body: Body) -> Result<Rendered> {
    let mut actor = Actor::new(&cx, Role::MessageWrite)?;
    let message = Message::read(&body)?;
    loop {
        let outcome = keep(&cx, &message).await;
        if actor.settle(outcome).await?.is_some() {
            return Ok(Rendered::empty(StatusCode::ACCEPTED));
        }
    }
}

async fn keep(cx: &Cx<Env>, message: &Message) -> Result<()> {
    let env = &cx.env;
    let (case, unchanged) = place(cx, message.case).await?;
    let sender = cx.caller.channel.clone();
    let message = Draft::about(case, message.dealer, sender, message.content.clone())?;
    let (head, known) = tokio::try_join!(Head::load(env, case), Once::holds(env, case, &message.content))?;
    let mut writes = Vec::new();
    if !known {
        writes = head.follow(env, case, cx.now(), message)?;
        writes.extend(unchanged);
    }
    cx.commit(writes, Ok(Reply::accepted(()))).await.map(drop)
}

/// The case that a message is about, and what must not change until it is kept. Upstream calls cases by numbers of its own;
/// one that it made itself keeps that, and so does one of ours until its number is known.
async fn place(cx: &Cx<Env>, given: u64) -> Result<(u64, Option<Write>)> {
    let env = &cx.env;
    if env.common.config.get("BQS_UPSTREAM_CHANNEL") != Some(&cx.caller.channel) {
        return Ok((given, None));
    }
    Ok(match UpstreamRow::load(env, given).await? {
        Some(known) => (known.sequence.0, None),
        None => (given, Some(UpstreamRow::unclaimed(env, given)?)),
    })
}
