//! `POST /v1/bqs-case/management/{channelName}/key`

use model::{Error, Result};
use runtime::{Cx, Raw, Reply};

use super::channel_view::{KeyedChannel, commit_key};
use crate::Env;
use crate::channel::directory::ChannelChange;
use crate::channel::{Actor, ApiKey, Caller, ChannelRow};

/// Gives a channel a new api key. The old key stops working at once.
///
/// Only this response has the key.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/management/{channelName}/key",
    operation_id = "bqs-management-rotate",
    params(("channelName" = String, Path, description = "The channel")),
    responses(
        (status = 201, description = "Rotated; only this response has the api key", body = KeyedChannel),
        (status = 404, description = "No such channel"),
    )
)]
pub async fn rotate(cx: Cx<Env>, request: Raw) -> Result<Reply<KeyedChannel>> {
    let mut actor = Actor::new(&cx);
    let name = request.path.get("channelName").ok_or_else(Error::not_found)?;
    loop {
        let attempt = attempt(&cx, &actor.caller, name).await;
        if let Some(reply) = actor.settle(attempt).await? {
            return Ok(reply);
        }
    }
}

async fn attempt(cx: &Cx<Env>, caller: &Caller, name: &str) -> Result<Reply<KeyedChannel>> {
    let before = ChannelRow::named(&cx.env, name).await?.ok_or_else(Error::not_found)?;
    let key = ApiKey::generate(name)?;
    let mut after = ChannelRow {
        key_hash: key.hash(),
        ..before.clone()
    };
    let change = ChannelChange {
        action: "rotate",
        before: Some(&before),
        after: &mut after,
    };
    commit_key(cx, caller, change, &key).await
}
