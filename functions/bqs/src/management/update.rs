//! `PUT /v1/bqs-case/management/{channelName}`

use http::header;
use model::{Error, Kind, Result};
use runtime::{Cx, Reply};

use super::channel_view::{ChannelView, etag, is_current};
use super::wanted::WantedChannel;
use crate::Env;
use crate::body::JsonBody;
use crate::channel::directory::ChannelChange;
use crate::channel::{Actor, Caller, ChannelRow};

/// Replaces all roles and permissions of a channel.
///
/// The permissions apply from the next request on. A channel without roles may do nothing.
#[utoipa::path(
    put,
    path = "/v1/bqs-case/management/{channelName}",
    operation_id = "bqs-management-update",
    request_body = WantedChannel,
    params(
        ("channelName" = String, Path, description = "The channel, as in the body"),
        ("If-Match" = Option<String>, Header, description = "The channel's `ETag`; another one gets 412", nullable = false),
    ),
    responses(
        (status = 200, description = "The channel after the update", body = ChannelView),
        (status = 404, description = "No such channel"),
        (status = 409, description = "The update would remove the last admin"),
        (status = 412, description = "The channel no longer has the `ETag` in `If-Match`"),
    )
)]
pub async fn update(cx: Cx<Env>, body: JsonBody) -> Result<Reply<ChannelView>> {
    let mut actor = Actor::new(&cx);
    let wanted = WantedChannel::read(&body)?;
    if body.path.get("channelName") != Some(&wanted.name) {
        let differs = "The channelName must be the one in the path.";
        return Err(Error::invalid("$.channelName", differs));
    }
    loop {
        let attempt = attempt(&cx, &actor.caller, &wanted).await;
        if let Some(reply) = actor.settle(attempt).await? {
            return Ok(reply);
        }
    }
}

async fn attempt(cx: &Cx<Env>, caller: &Caller, wanted: &WantedChannel) -> Result<Reply<ChannelView>> {
    let before = ChannelRow::named(&cx.env, &wanted.name).await?;
    let before = before.ok_or_else(Error::not_found)?;
    if !is_current(&cx.headers, &before) {
        return Err(Error::new(
            Kind::PreconditionFailed,
            "The channel has changed since this ETag.",
        ));
    }
    let mut after = ChannelRow {
        permissions: wanted.permissions.clone(),
        ..before.clone()
    };
    let mut change = ChannelChange {
        action: "update",
        before: Some(&before),
        after: &mut after,
    };
    let writes = change.writes(cx, caller).await?;
    let reply = Reply::ok(ChannelView::from(&after)).header(header::ETAG, etag(&after));
    cx.commit(writes, Ok(reply)).await
}
