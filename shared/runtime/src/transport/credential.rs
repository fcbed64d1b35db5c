//! Authentication: performs the scheme that an adapter declares, and caches tokens until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use call::{Auth, Call};
use http::{HeaderName, HeaderValue, Request, Uri, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use model::{Error, Kind, Result};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

use super::target::Target;
use crate::port::config::Config;
use crate::port::crypto;
use crate::port::secret::{SecretMembers, Secrets};

/// Tokens begin this many seconds in the past, for partners whose clock is behind.
const SKEW: i64 = 30;
/// Tokens are renewed this many seconds before they end.
const RENEW_BEFORE: i64 = 300;

pub struct Credentials {
    secrets: Secrets,
    config: Config,
    proofs: Mutex<HashMap<String, Proof>>,
}

/// The header that authenticates the hub.
#[derive(Clone)]
struct Proof {
    name: HeaderName,
    value: HeaderValue,
    /// None where it does not age.
    renew_at: Option<i64>,
}

impl Credentials {
    pub fn new(secrets: Secrets, config: Config) -> Self {
        crypto::install();
        Self {
            secrets,
            config,
            proofs: Mutex::default(),
        }
    }

    fn proofs(&self) -> MutexGuard<'_, HashMap<String, Proof>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub async fn warm(&self, target: &Target, now: Timestamp) -> Result<()> {
        self.proof(target, now).await.map(drop)
    }

    /// The call with its full address and its credential.
    pub async fn sign(&self, target: &Target, call: &Call, now: Timestamp) -> Result<Request<Bytes>> {
        let address = format!("{}{}", target.base_url.trim_end_matches('/'), call.request.uri());
        let uri: Uri = address
            .parse()
            .map_err(|_| Error::misconfigured(format!("the address of {} cannot be read", target.id())))?;
        let mut request = call.request.clone();
        *request.uri_mut() = uri;
        let proof = self.proof(target, now).await?;
        request.headers_mut().insert(proof.name, proof.value);
        Ok(request)
    }

    /// Drops the cached credential and fetches the secret again, after the partner refused the credential.
    pub async fn renew(&self, target: &Target, now: Timestamp) -> Result<()> {
        self.proofs().remove(&target.id());
        self.secrets.refresh(&target.secret, now).await.map(drop)
    }

    async fn proof(&self, target: &Target, now: Timestamp) -> Result<Proof> {
        let held = self.proofs().get(&target.id()).cloned();
        let fresh = held.filter(|proof| proof.renew_at.is_none_or(|end| end > now.as_second()));
        if let Some(proof) = fresh {
            return Ok(proof);
        }
        let make = |members: &SecretMembers| match target.auth {
            Auth::ApiKey { header, secret } => Ok(Proof {
                name: self.header(target, header)?,
                value: sensitive(members.need(secret)?)?,
                renew_at: None,
            }),
            Auth::SignedToken { .. } => self.token(target, members, now),
        };
        let proof = self.secrets.credential(&target.secret, now, make).await?;
        self.proofs().insert(target.id(), proof.clone());
        Ok(proof)
    }

    /// The header that carries the partner's key.
    fn header(&self, target: &Target, usual: &'static str) -> Result<HeaderName> {
        let setting = format!("{}_API_KEY_HEADER", target.partner);
        match self.config.get(&setting) {
            None => Ok(HeaderName::from_static(usual)),
            Some(name) => name
                .parse()
                .map_err(|_| Error::misconfigured(format!("the setting {setting} is no header's name"))),
        }
    }

    fn token(&self, target: &Target, credentials: &SecretMembers, now: Timestamp) -> Result<Proof> {
        let Auth::SignedToken {
            secret,
            encoding,
            lifetime,
            claims,
        } = target.auth
        else {
            return Err(Error::new(Kind::Internal, "this partner takes no token"));
        };
        let encoding = credentials
            .get(encoding)
            .or_else(|| self.config.get(encoding))
            .unwrap_or("raw");
        let secret = credentials.need(secret)?;
        let key = match encoding {
            "raw" => EncodingKey::from_secret(secret.as_bytes()),
            "base64" => {
                let bytes = BASE64_STANDARD.decode(secret);
                EncodingKey::from_secret(&bytes.map_err(|_| Error::misconfigured("a shared secret is not base64"))?)
            }
            _ => return Err(Error::misconfigured("a secret's encoding must be raw or base64")),
        };
        let hours: i64 = self.config.parse(lifetime, 24)?;
        let (begin, end) = (
            now.as_second() - SKEW,
            now.as_second().saturating_add(hours.clamp(1, 168) * 3600),
        );
        let mut payload = BTreeMap::new();
        for (claim, member) in claims {
            payload.insert(*claim, json(&credentials.need(member)?)?);
        }
        for (claim, time) in [("iat", begin), ("nbf", begin), ("exp", end)] {
            payload.insert(claim, json(&time)?);
        }
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &payload, &key)
            .map_err(|error| Error::new(Kind::Internal, "a token cannot be signed").because(error))?;
        Ok(Proof {
            name: header::AUTHORIZATION,
            value: sensitive(&format!("Bearer {token}"))?,
            renew_at: Some(end - RENEW_BEFORE),
        })
    }
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::misconfigured("a credential cannot be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value).map_err(|error| Error::new(Kind::Internal, "a claim").because(error))
}

#[cfg(test)]
mod tests;
