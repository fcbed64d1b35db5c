//! A page of the channels.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use garde::Validate;
use model::Result;
use runtime::{Input, Parts};
use serde::{Deserialize, Deserializer, de};
use utoipa::IntoParams;

use crate::channel::is_name;

/// Channels in a page where the caller gives no limit.
const USUAL_LIMIT: u16 = 100;

/// Which channels are wanted.
#[derive(Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChannelPage {
    /// The largest number of channels in the page. Absent: 100.
    #[garde(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, nullable = false)]
    limit: Option<u16>,
    /// The start of the page: opaque, from the `Link` of the previous page.
    #[garde(skip)]
    #[param(value_type = Option<String>, nullable = false)]
    cursor: Option<ChannelCursor>,
}

impl ChannelPage {
    /// Reads its own parameters. All others are ignored, however often they are given.
    pub fn of_query(query: &str) -> Result<Self> {
        let is_own = |given: &&str| given.starts_with("limit=") || given.starts_with("cursor=");
        let own: Vec<&str> = query.split('&').filter(is_own).collect();
        Self::read(&Parts {
            query: &own.join("&"),
            ..Parts::default()
        })
    }

    pub fn limit(&self) -> u16 {
        self.limit.unwrap_or(USUAL_LIMIT)
    }

    /// The last channel of the page before.
    pub fn after(&self) -> Option<&str> {
        self.cursor.as_ref().map(|cursor| cursor.0.as_str())
    }
}

/// The page begins after the channel of this name.
pub struct ChannelCursor(String);

impl ChannelCursor {
    pub fn after(name: String) -> Self {
        Self(name)
    }
}

impl fmt::Display for ChannelCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for ChannelCursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        let name = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        name.filter(|name| is_name(name))
            .map(Self)
            .ok_or_else(|| de::Error::custom("must be a cursor from an earlier response"))
    }
}
