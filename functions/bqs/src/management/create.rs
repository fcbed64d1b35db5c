//! `POST /v1/bqs-case/management`

use model::{Error, Kind, Result};
use runtime::problem::AspNetProblem;
use runtime::{Cx, Reply};

use super::{KeyedChannel, WantedChannel, commit_key};
use crate::Env;
use crate::channel::directory::Change;
use crate::channel::{Actor, ApiKey, Caller, ChannelRow, Role};
use crate::json::Body;

/// Makes a channel, and the api key that it calls with.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/management",
    operation_id = "bqs-management-create",
    tag = "bqs",
    request_body = WantedChannel,
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body create once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 201, description = "Created; the api key is shown once", body = KeyedChannel),
        (status = 400, description = "Malformed or invalid, by JSON path", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "There is such a channel, or the key is in use", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn create(cx: Cx<Env>, body: Body) -> Result<Reply<KeyedChannel>> {
    let mut actor = Actor::new(&cx, Role::Admin)?;
    let wanted = WantedChannel::read(&body)?;
    loop {
        let outcome = attempt(&cx, &actor.caller, &wanted).await;
        if let Some(reply) = actor.settle(outcome).await? {
            return Ok(reply);
        }
    }
}

async fn attempt(cx: &Cx<Env>, caller: &Caller, wanted: &WantedChannel) -> Result<Reply<KeyedChannel>> {
    if ChannelRow::load(&cx.env, &wanted.name).await?.is_some() {
        return Err(Error::new(Kind::Conflict, "There is a channel of this name."));
    }
    let key = ApiKey::generate(&wanted.name)?;
    let row = ChannelRow {
        name: wanted.name.clone(),
        permissions: wanted.permissions.clone(),
        key_hash: key.hash(),
        revision: 1,
        created_at: cx.now(),
        updated_at: cx.now(),
    };
    let change = Change {
        action: "create",
        before: None,
        after: &row,
    };
    commit_key(cx, caller, change, &key).await
}
