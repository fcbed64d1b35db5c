//! A channel as admins see it.

use http::{HeaderMap, header};
use model::Result;
use runtime::{Cx, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Env;
use crate::channel::directory::ChannelChange;
use crate::channel::{ApiKey, Caller, ChannelRow, Permissions};

/// A channel and its permissions.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelView {
    /// The channel's name.
    pub channel_name: String,
    #[serde(flatten)]
    pub permissions: Permissions,
}

/// A channel with its new key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyedChannel {
    #[serde(flatten)]
    channel: ChannelView,
    /// For `x-api-key`. Only this response has it; a replayed one does not.
    api_key: String,
}

impl From<&ChannelRow> for ChannelView {
    fn from(row: &ChannelRow) -> Self {
        Self {
            channel_name: row.name.clone(),
            permissions: row.permissions.clone(),
        }
    }
}

/// The value that `If-Match` is compared with.
pub fn etag(row: &ChannelRow) -> String {
    format!("\"{}\"", row.version.revision())
}

/// Whether the request has no `If-Match`, or one that names the row's revision.
pub fn is_current(headers: &HeaderMap, row: &ChannelRow) -> bool {
    let etag = etag(row);
    let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
    given.peek().is_none()
        || given
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|one| one.trim() == "*" || one.trim() == etag)
}

/// Commits a change that creates a key. Only this response has the key: the idempotency record keeps one without it.
pub async fn commit_key(
    cx: &Cx<Env>,
    caller: &Caller,
    mut change: ChannelChange<'_>,
    key: &ApiKey,
) -> Result<Reply<KeyedChannel>> {
    let writes = change.writes(cx, caller).await?;
    let channel = ChannelView::from(&*change.after);
    let location = format!("/v1/bqs-case/management/{}", channel.channel_name);
    let kept = Reply::created(channel.clone()).header(header::LOCATION, &location);
    let shown = KeyedChannel {
        channel,
        api_key: key.reveal().to_owned(),
    };
    let shown = Reply::created(shown)
        .header(header::LOCATION, location)
        .header(header::ETAG, etag(change.after));
    cx.commit_secret(writes, &kept, shown).await
}
