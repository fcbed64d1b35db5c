//! Secrets in rows that many functions read: sealed, so that only functions with the keys can read them.
//!
//! A sealed value opens only at its own place: the member of the row that it was sealed for. The keys are members of a secret, by
//! id. The last id in the order of text seals, and every key opens.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use model::{Error, Kind, Result};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::port::Ports;
use crate::port::clock::Clock;
use crate::port::config::Config;
use crate::port::secret::{SecretMembers, Secrets};
use crate::port::store::Key;

/// Names the secret with the keys.
const SETTING: &str = "SEALING_KEYS";
/// A shorter text is no key.
const MIN_KEY_LENGTH: usize = 32;
/// Separates these keys from others that are made of the same text.
const PURPOSE: &[u8] = b"trunkline sealed rows 1";

/// A value as a row has it: `1.<key id>.<nonce and ciphertext>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(String);

/// Where a sealed value stands. A table that was restored has another name, and its values must open: the member is named
/// with the kind of its row instead.
#[derive(Clone, Copy, Debug)]
pub struct SealedPlace<'a> {
    pub row: &'a Key,
    pub member: &'static str,
}

/// The keys of this function's domain, once they are read.
pub struct SealingKeys {
    secrets: Secrets,
    id: Option<String>,
}

impl SealingKeys {
    pub fn load(ports: &Ports, config: &Config) -> Self {
        Self {
            secrets: Secrets::new(ports.vault.clone()),
            id: config.get(SETTING).map(Into::into),
        }
    }

    /// Reads the keys while the instance starts, where the function has any.
    pub async fn warm(&self) {
        if let Some(id) = &self.id {
            // A failure shows at first use.
            let _ = self.secrets.refresh(id, Clock::System.now()).await;
        }
    }

    /// Fails if nothing can be sealed now.
    pub async fn check(&self, now: Timestamp) -> Result<()> {
        self.newest(now).await.map(drop)
    }

    pub async fn seal(&self, place: SealedPlace<'_>, value: &str, now: Timestamp) -> Result<Sealed> {
        let (key_id, cipher) = self.newest(now).await?;
        let failed = || Error::new(Kind::Internal, "a value cannot be sealed");
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| failed())?;
        let mut sealed = value.as_bytes().to_vec();
        let place = Aad::from(place.bytes(&key_id)?);
        cipher
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), place, &mut sealed)
            .map_err(|_| failed())?;
        let bytes = [&nonce[..], &sealed].concat();
        Ok(Sealed(format!("1.{key_id}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))))
    }

    pub async fn open(&self, place: SealedPlace<'_>, sealed: &Sealed, now: Timestamp) -> Result<String> {
        let failed = || Error::new(Kind::Internal, "a sealed value does not open at this place");
        let parts = sealed.0.strip_prefix("1.").and_then(|rest| rest.split_once('.'));
        let (key_id, text) = parts.ok_or_else(failed)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| failed())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or_else(failed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let find = |keys: &SecretMembers| cipher(keys.need(key_id)?);
        let cipher = self.secrets.credential(self.id()?, now, find).await?;
        let mut value = sealed.to_vec();
        let place = Aad::from(place.bytes(key_id)?);
        let value = cipher.open_in_place(nonce, place, &mut value).map_err(|_| failed())?;
        String::from_utf8(value.to_vec()).map_err(|_| failed())
    }

    async fn newest(&self, now: Timestamp) -> Result<(String, LessSafeKey)> {
        let newest = |keys: &SecretMembers| {
            let missing = || Error::misconfigured("the secret of the sealing keys has no key whose id has no dot");
            let key = keys.last().filter(|(id, _)| !id.contains('.'));
            let (id, text) = key.ok_or_else(missing)?;
            Ok((id.to_owned(), cipher(text)?))
        };
        self.secrets.credential(self.id()?, now, newest).await
    }

    fn id(&self) -> Result<&str> {
        let missing = || Error::misconfigured(format!("the setting {SETTING} is missing"));
        self.id.as_deref().ok_or_else(missing)
    }
}

impl SealedPlace<'_> {
    /// What a value is bound to. JSON keeps the parts apart.
    fn bytes(&self, key_id: &str) -> Result<Vec<u8>> {
        let parts = (key_id, self.member, &self.row.pk, &self.row.sk);
        serde_json::to_vec(&parts).map_err(|error| Error::new(Kind::Internal, "a place").because(error))
    }
}

/// The cipher whose key is made of a long random text.
fn cipher(text: &str) -> Result<LessSafeKey> {
    if text.len() < MIN_KEY_LENGTH {
        let short = format!("a sealing key has less than {MIN_KEY_LENGTH} characters");
        return Err(Error::misconfigured(short));
    }
    let key = Salt::new(HKDF_SHA256, PURPOSE).extract(text.as_bytes());
    let key = key.expand(&[b"AES-256-GCM"], &AES_256_GCM);
    let key = key.map_err(|_| Error::new(Kind::Internal, "a sealing key cannot be made"))?;
    Ok(LessSafeKey::new(UnboundKey::from(key)))
}

#[cfg(test)]
mod tests;
