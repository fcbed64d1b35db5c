//! Api keys: the channel's name, a full stop and 256 random bits. The name finds the channel in one read; of the whole only
//! a hash is kept.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

const RANDOM: usize = 32;
/// No key of ours is longer.
const LONGEST: usize = 160;

/// A key as its channel sends it. It has no `Debug`: it must not come into a log.
pub struct ApiKey(String);

impl ApiKey {
    /// A new key for this channel.
    pub fn generate(channel: &str) -> Result<Self> {
        let mut bytes = [0; RANDOM];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::new(Kind::Internal, "no random bytes"))?;
        Ok(Self(format!("{channel}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// What a caller sent, if it can be a key at all.
    pub fn given(text: &str) -> Option<Self> {
        (text.len() <= LONGEST).then(|| Self(text.to_owned()))
    }

    /// The name it claims to belong to.
    pub fn channel(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(channel, _)| channel)
    }

    /// What is kept of it. The random part makes a slow hash needless.
    pub fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes()))
    }

    pub fn matches(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }

    /// For the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_finds_its_channel_and_no_other_matches() {
        let (one, other) = (ApiKey::generate("a-b").unwrap(), ApiKey::generate("a-b").unwrap());
        assert_eq!(one.channel(), Some("a-b"));
        assert!(one.matches(&one.hash()) && !one.matches(&other.hash()));
        assert!(!one.hash().contains("a-b") && one.reveal().len() == "a-b.".len() + 43);
        assert!(ApiKey::given(one.reveal()).unwrap().matches(&one.hash()));
        assert!(ApiKey::given(&"x".repeat(LONGEST + 1)).is_none());
        assert!(ApiKey::given("keyless").unwrap().channel().is_none());
    }
}
