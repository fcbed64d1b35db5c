//! `PUT /v1/bqs-case/management/{channelName}`

use http::header;
use model::{Error, Kind, Result};
use runtime::problem::AspNetProblem;
use runtime::{Cx, Reply};

use super::{ChannelView, WantedChannel, etag, is_current};
use crate::Env;
use crate::channel::directory::Change;
use crate::channel::{Actor, Caller, ChannelRow, Role};
use crate::json::Body;

/// Replaces all roles and permissions of a channel.
///
/// They hold from the next request on. Without roles a channel may do nothing.
#[utoipa::path(
    put,
    path = "/v1/bqs-case/management/{channelName}",
    operation_id = "bqs-management-update",
    tag = "bqs",
    request_body = WantedChannel,
    params(
        ("channelName" = String, Path, description = "The channel, as in the body"),
        ("If-Match" = Option<String>, Header, description = "Only if the channel still has this `ETag`", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "The channel as it is now", body = ChannelView),
        (status = 400, description = "Malformed or invalid, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "This is the last admin", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 412, description = "The channel has changed since", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn update(cx: Cx<Env>, body: Body) -> Result<Reply<ChannelView>> {
    let mut actor = Actor::new(&cx, Role::Admin)?;
    let wanted = WantedChannel::read(&body)?;
    if body.path.get("channelName") != Some(&wanted.name) {
        let differs = "The channelName must be the one in the path.";
        return Err(Error::invalid("$.channelName", differs));
    }
    loop {
        let outcome = attempt(&cx, &actor.caller, &wanted).await;
        if let Some(reply) = actor.settle(outcome).await? {
            return Ok(reply);
        }
    }
}

async fn attempt(cx: &Cx<Env>, caller: &Caller, wanted: &WantedChannel) -> Result<Reply<ChannelView>> {
    let before = ChannelRow::load(&cx.env, &wanted.name).await?;
    let before = before.ok_or_else(Error::not_found)?;
    if !is_current(&cx.headers, &before) {
        return Err(Error::new(Kind::PreconditionFailed, "The channel has changed since."));
    }
    let after = ChannelRow {
        permissions: wanted.permissions.clone(),
        ..before.next(cx.now())
    };
    let change = Change {
        action: "update",
        before: Some(&before),
        after: &after,
    };
    let writes = change.writes(cx, caller).await?;
    let reply = Reply::ok(ChannelView::from(&after)).header(header::ETAG, etag(&after));
    cx.commit(writes, Ok(reply)).await
}
