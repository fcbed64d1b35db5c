//! `POST /v1/bqs-case/management`

use model::{Error, Kind, Result};
use runtime::work::row::Version;
use runtime::{Cx, Reply};

use super::channel_view::{KeyedChannel, commit_key};
use super::wanted::WantedChannel;
use crate::Env;
use crate::body::JsonBody;
use crate::channel::directory::ChannelChange;
use crate::channel::{Actor, ApiKey, Caller, ChannelRow};

/// Creates a channel and its api key.
///
/// Only this response has the key. The hub stores a digest of it.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/management",
    operation_id = "bqs-management-create",
    request_body = WantedChannel,
    responses(
        (status = 201, description = "Created; only this response has the api key", body = KeyedChannel),
        (status = 409, description = "The channel exists already"),
    )
)]
pub async fn create(cx: Cx<Env>, body: JsonBody) -> Result<Reply<KeyedChannel>> {
    let mut actor = Actor::new(&cx);
    let wanted = WantedChannel::read(&body)?;
    loop {
        let attempt = attempt(&cx, &actor.caller, &wanted).await;
        if let Some(reply) = actor.settle(attempt).await? {
            return Ok(reply);
        }
    }
}

async fn attempt(cx: &Cx<Env>, caller: &Caller, wanted: &WantedChannel) -> Result<Reply<KeyedChannel>> {
    if ChannelRow::named(&cx.env, &wanted.name).await?.is_some() {
        return Err(Error::new(Kind::Conflict, "A channel with this name exists already."));
    }
    let key = ApiKey::generate(&wanted.name)?;
    let mut row = ChannelRow {
        name: wanted.name.clone(),
        permissions: wanted.permissions.clone(),
        key_hash: key.hash(),
        version: Version::first(cx.now()),
        created_at: cx.now(),
    };
    let change = ChannelChange {
        action: "create",
        before: None,
        after: &mut row,
    };
    commit_key(cx, caller, change, &key).await
}
