//! Who calls: the channel that an api key belongs to, read anew for every request, so that what is revoked is revoked.

use http::HeaderMap;
use model::{Error, Kind, Result};
use runtime::domain::Identity;
use runtime::store::{When, Write};

use super::{ApiKey, ChannelRow, Permissions, Role};
use crate::Env;

const API_KEY: &str = "x-api-key";
/// What the partner's own gateway puts in; a client's is only believed where it says the same as its key.
const CHANNEL_ID: &str = "x-channel-id";

#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The channel's name, which owns what it creates.
    pub channel: String,
    pub permissions: Permissions,
    revision: i64,
}

impl Identity for Caller {
    fn nobody() -> Self {
        Self::default()
    }

    fn id(&self) -> &str {
        &self.channel
    }
}

impl Caller {
    pub fn has(&self, role: Role) -> bool {
        self.permissions.roles.contains(&role)
    }

    pub fn must_have(&self, role: Role) -> Result<()> {
        self.has(role)
            .then_some(())
            .ok_or_else(|| Error::new(Kind::Forbidden, format!("This needs the role `{}`.", role.name())))
    }

    pub fn handles(&self, dealer: i64) -> bool {
        self.permissions.allowed_dealer_codes.contains(&dealer)
    }

    /// Whether this is the channel as it was when the request came.
    pub fn is(&self, row: &ChannelRow) -> bool {
        self.channel == row.name && self.revision == row.revision
    }

    /// The condition, on a write that needs these permissions, that they are still what was read.
    pub fn unchanged(&self, env: &Env) -> Result<Write> {
        let key = ChannelRow::key(env, &self.channel)?;
        Ok(Write::check(key, When::number("revision", self.revision)))
    }
}

impl From<ChannelRow> for Caller {
    fn from(row: ChannelRow) -> Self {
        Self {
            channel: row.name,
            permissions: row.permissions,
            revision: row.revision,
        }
    }
}

/// The channel whose key this is. An absent, unknown and outdated key are refused in the same words.
pub async fn identify(env: &Env, headers: &HeaderMap) -> Result<Caller> {
    let refused = || Error::new(Kind::Unauthenticated, "A valid api key is needed.");
    let key = only(headers, API_KEY).and_then(ApiKey::given).ok_or_else(refused)?;
    let name = key.channel().ok_or_else(refused)?;
    let channel = ChannelRow::load(env, name).await?;
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
mod tests {
    use super::*;
    use crate::house::House;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[tokio::test]
    async fn a_key_is_its_channel_and_nothing_else_is() {
        let house = House::new();
        let key = house.channel("dealer", &[Role::CaseRead], &[808]).await;
        let other = house.channel("other", &[Role::Admin], &[]).await;
        let ask = |pairs: Vec<(&'static str, String)>| {
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers(&pairs)
        };
        let good = [
            ask(vec![(API_KEY, key.clone())]),
            ask(vec![(API_KEY, key.clone()), (CHANNEL_ID, "dealer".into())]),
        ];
        for headers in good {
            let caller = identify(&house.env, &headers).await.unwrap();
            assert_eq!(caller.channel, "dealer");
            assert!(caller.has(Role::CaseRead) && !caller.has(Role::Admin) && caller.handles(808));
        }
        let secret = other.rsplit_once('.').unwrap().1;
        let refused = [
            ask(vec![]),
            ask(vec![(API_KEY, String::new())]),
            ask(vec![(API_KEY, "dealer".into())]),
            ask(vec![(API_KEY, format!("dealer.{secret}"))]),
            ask(vec![(API_KEY, format!("nobody.{secret}"))]),
            ask(vec![(API_KEY, format!("{key}x"))]),
            ask(vec![(API_KEY, key.to_uppercase())]),
            ask(vec![(API_KEY, key.clone()), (API_KEY, key.clone())]),
            ask(vec![(API_KEY, key.clone()), (CHANNEL_ID, "other".into())]),
            ask(vec![(API_KEY, key.clone()), (CHANNEL_ID, "Dealer".into())]),
            ask(vec![(CHANNEL_ID, "dealer".into())]),
        ];
        for headers in refused {
            let error = identify(&house.env, &headers).await.unwrap_err();
            assert_eq!(error.kind, Kind::Unauthenticated, "{headers:?}");
            assert_eq!(error.message, "A valid api key is needed.");
        }
    }

    #[tokio::test]
    async fn a_store_that_is_down_admits_nobody() {
        let house = House::new();
        let key = house.channel("dealer", &[Role::CaseRead], &[808]).await;
        house.world.store.set_down(true);
        let error = identify(&house.env, &headers(&[(API_KEY, &key)])).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable);
    }
}
