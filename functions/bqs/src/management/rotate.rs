//! `POST /v1/bqs-case/management/{channelName}/key`

use model::{Error, Result};
use runtime::problem::AspNetProblem;
use runtime::{Cx, Raw, Reply};

use super::{KeyedChannel, commit_key};
use crate::Env;
use crate::channel::directory::Change;
use crate::channel::{Actor, ApiKey, Caller, ChannelRow, Role};

/// Gives a channel a new api key. The one it had is refused from now on.
#[utoipa::path(
    post,
    path = "/v1/bqs-case/management/{channelName}/key",
    operation_id = "bqs-management-rotate",
    tag = "bqs",
    params(
        ("channelName" = String, Path, description = "The channel"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key rotates once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 201, description = "Made; the api key is shown once", body = KeyedChannel),
        (status = 400, description = "Malformed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 404, description = "No such channel", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 422, description = "The key was used with another body", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn rotate(cx: Cx<Env>, ask: Raw) -> Result<Reply<KeyedChannel>> {
    let mut actor = Actor::new(&cx, Role::Admin)?;
    let name = ask.path.get("channelName").ok_or_else(Error::not_found)?;
    loop {
        let outcome = attempt(&cx, &actor.caller, name).await;
        if let Some(reply) = actor.settle(outcome).await? {
            return Ok(reply);
        }
    }
}

async fn attempt(cx: &Cx<Env>, caller: &Caller, name: &str) -> Result<Reply<KeyedChannel>> {
    let before = ChannelRow::load(&cx.env, name).await?.ok_or_else(Error::not_found)?;
    let key = ApiKey::generate(name)?;
    let after = ChannelRow {
        key_hash: key.hash(),
        ..before.next(cx.now())
    };
    let change = Change {
        action: "rotate",
        before: Some(&before),
        after: &after,
    };
    commit_key(cx, caller, change, &key).await
}
