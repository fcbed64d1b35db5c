//! `GET /v1/bqs-case/management`, and below it one channel.

use http::header;
use model::Result;
use runtime::problem::AspNetProblem;
use runtime::store::typed;
use runtime::{Cx, Domain, Raw, Reply};

use super::{ChannelView, etag};
use crate::Env;
use crate::channel::{ChannelRow, Role, directory};

/// What every channel may do.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/management",
    operation_id = "bqs-management-get",
    tag = "bqs",
    params(("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false)),
    responses(
        (status = 200, description = "Every channel, by name", body = Vec<ChannelView>),
        (status = 400, description = "Malformed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub async fn get(cx: Cx<Env>, ask: Raw) -> Result<Reply<Vec<ChannelView>>> {
    cx.caller.must_have(Role::Admin)?;
    let Some(name) = ask.path.get("channelName") else {
        return Ok(Reply::ok(all(&cx.env).await?));
    };
    Ok(match ChannelRow::load(&cx.env, name).await? {
        Some(row) => Reply::ok(vec![ChannelView::from(&row)]).header(header::ETAG, etag(&row)),
        None => Reply::ok(Vec::new()),
    })
}

/// What one channel may do: a list of one, or of none where there is no such channel.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/management/{channelName}",
    operation_id = "bqs-management-get-one",
    tag = "bqs",
    params(
        ("channelName" = String, Path, description = "The channel"),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "The channel, with an `ETag`", body = Vec<ChannelView>),
        (status = 400, description = "Malformed", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 401, description = "No valid api key", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = AspNetProblem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect"),
        (status = 503, description = "Our storage failed"),
    ),
    security(("apiKey" = []))
)]
pub fn one() {}

async fn all(env: &Env) -> Result<Vec<ChannelView>> {
    let names = directory::names(env).await?;
    let keys: Vec<_> = names
        .iter()
        .map(|name| ChannelRow::key(env, name))
        .collect::<Result<_>>()?;
    let rows = env.store().get_all(&keys).await?.into_iter().flatten();
    rows.map(|row| typed(row).map(|row: ChannelRow| ChannelView::from(&row)))
        .collect()
}
