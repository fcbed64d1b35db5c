//! The caller: the channel that an api key belongs to. Every request reads it again, so that a revocation takes effect at once.

use http::HeaderMap;
use model::{Error, Kind, Result};
use runtime::http::caller::Identity;
use runtime::port::store::Write;
use runtime::work::row::{Row, Version};

use super::{ApiKey, ChannelRow, Permissions, Role};
use crate::Env;

const API_KEY: &str = "x-api-key";
/// The partner's own gateway sets this header. From a client it must equal the channel of its key.
const CHANNEL_ID: &str = "x-channel-id";

#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The channel's name, which owns what it creates.
    pub channel: String,
    pub permissions: Permissions,
    version: Version,
}

impl Identity for Caller {
    type Right = Role;

    fn anonymous() -> Self {
        Self::default()
    }

    fn id(&self) -> &str {
        &self.channel
    }

    fn holds(&self, role: Role) -> bool {
        self.permissions.roles.contains(&role)
    }

    fn acts_for_many(&self) -> bool {
        true
    }

    fn role(role: Role) -> Option<&'static str> {
        Some(role.name())
    }
}

impl Caller {
    pub fn handles(&self, dealer: i64) -> bool {
        self.permissions.allowed_dealer_codes.contains(&dealer)
    }

    /// Whether the row is the channel as this caller knows it.
    pub fn is(&self, row: &ChannelRow) -> bool {
        self.channel == row.name && self.version == row.version
    }

    /// The condition that these permissions are unchanged, for a write that needs them.
    pub fn unchanged(&self, env: &Env) -> Result<Write> {
        let key = ChannelRow::key(env.channels()?, &self.channel);
        Ok(Write::check(key, self.version.unchanged()))
    }
}

impl From<ChannelRow> for Caller {
    fn from(row: ChannelRow) -> Self {
        Self {
            channel: row.name,
            permissions: row.permissions,
            version: row.version,
        }
    }
}

/// The channel of the request's key. An absent, an unknown and an outdated key get the same error.
pub async fn identify(env: &Env, headers: &HeaderMap) -> Result<Caller> {
    let refused = || Error::new(Kind::Unauthenticated, "A valid api key is needed.");
    let key = only(headers, API_KEY).and_then(ApiKey::given).ok_or_else(refused)?;
    let name = key.channel().ok_or_else(refused)?;
    let channel = ChannelRow::named(env, name).await?;
    let channel = channel
        .filter(|channel| key.matches(&channel.key_hash))
        .ok_or_else(refused)?;
    let spoofed = headers.contains_key(CHANNEL_ID) && only(headers, CHANNEL_ID) != Some(&channel.name);
    if spoofed {
        return Err(refused());
    }
    Ok(channel.into())
}

fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests;
