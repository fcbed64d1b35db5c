//! `GET /v1/bqs-case/management`, and below it one channel.

use http::header;
use model::Result;
use runtime::port::store::typed;
use runtime::work::row::Row;
use runtime::{Cx, Input, Media, Parts, Reply};

use super::channel_view::{ChannelView, etag};
use super::page::{ChannelCursor, ChannelPage};
use crate::Env;
use crate::channel::{ChannelRow, directory};

/// One channel, or a page of all.
pub enum GetChannels {
    One(String),
    Page(ChannelPage),
}

impl Input for GetChannels {
    const MEDIA: Media = ChannelPage::MEDIA;

    fn read(parts: &Parts) -> Result<Self> {
        match parts.path.get("channelName") {
            Some(name) => Ok(Self::One(name.clone())),
            None => ChannelPage::of_query(parts.query).map(Self::Page),
        }
    }
}

/// Lists the channels with their permissions, by name.
///
/// If there are more channels, the header `Link` has the address of the next page, relative to this one.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/management",
    operation_id = "bqs-management-get",
    params(ChannelPage),
    responses((
        status = 200,
        description = "Channels, by name",
        body = Vec<ChannelView>,
        headers(("Link" = String, description = "`<?limit=..&cursor=..>; rel=\"next\"`, where there are more channels")),
    ))
)]
pub async fn get(cx: Cx<Env>, request: GetChannels) -> Result<Reply<Vec<ChannelView>>> {
    let name = match request {
        GetChannels::One(name) => name,
        GetChannels::Page(page) => return list(&cx.env, &page).await,
    };
    Ok(match ChannelRow::named(&cx.env, &name).await? {
        Some(row) => Reply::ok(vec![ChannelView::from(&row)]).header(header::ETAG, etag(&row)),
        None => Reply::ok(Vec::new()),
    })
}

/// Returns one channel with its permissions, as a list. The list is empty if there is no such channel.
///
/// The response is a list, like that of all channels.
#[utoipa::path(
    get,
    path = "/v1/bqs-case/management/{channelName}",
    operation_id = "bqs-management-get-one",
    params(("channelName" = String, Path, description = "The channel")),
    responses((status = 200, description = "The channel, with an `ETag`", body = Vec<ChannelView>))
)]
pub fn one() {}

async fn list(env: &Env, page: &ChannelPage) -> Result<Reply<Vec<ChannelView>>> {
    let limit = page.limit();
    // One name more than the page has says whether there is another page.
    let mut names = directory::names(env, page.after(), limit + 1).await?;
    let more = names.len() > usize::from(limit);
    names.truncate(limit.into());
    let rows = env.channels()?;
    let keys: Vec<_> = names.iter().map(|name| ChannelRow::key(rows, name)).collect();
    let found = rows.store.get_all(&keys).await?.into_iter().flatten();
    let views = found.map(|row| typed(row).map(|row: ChannelRow| ChannelView::from(&row)));
    let reply = Reply::ok(views.collect::<Result<_>>()?);
    Ok(match names.pop().filter(|_| more).map(ChannelCursor::after) {
        Some(cursor) => reply.header(header::LINK, format!("<?limit={limit}&cursor={cursor}>; rel=\"next\"")),
        None => reply,
    })
}
