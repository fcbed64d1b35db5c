//! Api keys: the channel's name, a full stop and 256 random bits. The name finds the channel in one read. Only a hash of the
//! whole key is stored.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use subtle::ConstantTimeEq;

const RANDOM_BYTES: usize = 32;
/// No generated key is longer.
const MAX_LENGTH: usize = 160;

/// A key as its channel sends it. It has no `Debug`, which keeps it out of logs.
pub struct ApiKey(String);

impl ApiKey {
    /// A new key for this channel.
    pub fn generate(channel: &str) -> Result<Self> {
        let mut bytes = [0; RANDOM_BYTES];
        SystemRandom::new()
            .fill(&mut bytes)
            .map_err(|_| Error::new(Kind::Internal, "no random bytes"))?;
        Ok(Self(format!("{channel}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The value that a caller sent, unless it is too long for a key.
    pub fn given(text: &str) -> Option<Self> {
        (text.len() <= MAX_LENGTH).then(|| Self(text.to_owned()))
    }

    /// The channel that the key names.
    pub fn channel(&self) -> Option<&str> {
        self.0.rsplit_once('.').map(|(channel, _)| channel)
    }

    /// The stored form. The key is random, so a slow hash is not needed.
    pub fn hash(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes()))
    }

    pub fn matches(&self, hash: &str) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }

    /// For the one response that shows it.
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
        assert!(ApiKey::given(&"x".repeat(MAX_LENGTH + 1)).is_none());
        assert!(ApiKey::given("keyless").unwrap().channel().is_none());
    }
}
