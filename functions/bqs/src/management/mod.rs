//! Managing channels: who may call, and what each of them may do.

pub mod create;
pub mod get;
pub mod rotate;
pub mod update;
mod wanted;

#[cfg(test)]
mod tests;

use http::{HeaderMap, header};
use runtime::{Cx, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Env;
use crate::channel::directory::Change;
use crate::channel::{ApiKey, Caller, ChannelRow, Permissions};
use model::Result;

pub use wanted::WantedChannel;

/// A channel as admins see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelView {
    pub channel_name: String,
    #[serde(flatten)]
    pub permissions: Permissions,
}

/// The same with its new key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyedChannel {
    #[serde(flatten)]
    channel: ChannelView,
    /// For `x-api-key`, shown this once. An answer that is replayed has none.
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

/// What `If-Match` compares with.
fn etag(row: &ChannelRow) -> String {
    format!("\"{}\"", row.revision)
}

/// Whether the caller has seen the channel as it is, or does not mind.
fn is_current(headers: &HeaderMap, row: &ChannelRow) -> bool {
    let etag = etag(row);
    let mut given = headers.get_all(header::IF_MATCH).iter().peekable();
    given.peek().is_none()
        || given
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|one| one.trim() == "*" || one.trim() == etag)
}

/// Commits a change that makes a new key, which is in this answer and in no other.
async fn commit_key(cx: &Cx<Env>, caller: &Caller, change: Change<'_>, key: &ApiKey) -> Result<Reply<KeyedChannel>> {
    let writes = change.writes(cx, caller).await?;
    let channel = ChannelView::from(change.after);
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
