//! `GET /v1/bqs-case/management`, and below it one channel.

use http::header;
use model::Result;
use runtime::port::store::typed;
use runtime::work::row::Row;
use runtime::{Cx, Raw, Reply};

use super::channel_view::{ChannelView, etag};
use crate::Env;
use crate::channel::{ChannelRow, directory};

/// Lists every channel with its permissions.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/management",
    operation_id = "bqs-management-get",
    tag = "bqs",
    responses((status = 200, description = "Every channel, by name", body = Vec<ChannelView>))
)]
pub async fn get(cx: Cx<Env>, request: Raw) -> Result<Reply<Vec<ChannelView>>> {
    let Some(name) = request.path.get("channelName") else {
        return Ok(Reply::ok(all(&cx.env).await?));
    };
    Ok(match ChannelRow::named(&cx.env, name).await? {
        Some(row) => Reply::ok(vec![ChannelView::from(&row)]).header(header::ETAG, etag(&row)),
        None => Reply::ok(Vec::new()),
    })
}

/// Returns one channel with its permissions, as a list. The list is empty if there is no such channel.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/management/{channelName}",
    operation_id = "bqs-management-get-one",
    tag = "bqs",
    params(("channelName" = String, Path, description = "The channel")),
    responses((status = 200, description = "The channel, with an `ETag`", body = Vec<ChannelView>))
)]
pub fn one() {}

async fn all(env: &Env) -> Result<Vec<ChannelView>> {
    let names = directory::names(env).await?;
    let rows = env.channels()?;
    let keys: Vec<_> = names.iter().map(|name| ChannelRow::key(rows, name)).collect();
    let found = rows.store.get_all(&keys).await?.into_iter().flatten();
    found
        .map(|row| typed(row).map(|row: ChannelRow| ChannelView::from(&row)))
        .collect()
}
