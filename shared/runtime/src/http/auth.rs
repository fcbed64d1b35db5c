//! Callers with an RS256 token from the company's auth service. One algorithm, one key type, never a key from the token.

mod claims;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use model::email::Email;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use serde::de::DeserializeOwned;

use self::claims::{Claims, TokenHeader, Validity};
use super::caller::Identity;
use crate::port::config::Config;
use crate::port::crypto;

/// The challenge that goes with every 401 of these routes.
pub const CHALLENGE: &str = r#"Bearer error="invalid_token""#;

/// A token that lives longer is refused.
const DEFAULT_MAX_LIFE_HOURS: u32 = 24;
const MAX_TOKEN_LENGTH: usize = 8 * 1024;
/// As OpenID Connect lays down. It is a part of keys.
const MAX_SUBJECT_LENGTH: usize = 255;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Owns what it creates.
    pub subject: String,
    /// Only if the auth service has verified it.
    pub email: Option<Email>,
    /// May look at what every caller made.
    pub staff: bool,
    /// May act for every customer.
    pub agent: bool,
    pub admin: bool,
}

/// What a route may ask of a caller with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Any valid token. Handlers show each caller its own only.
    Customer,
    Staff,
    Admin,
}

impl Identity for Caller {
    type Right = Right;

    fn anonymous() -> Self {
        Self::default()
    }

    fn id(&self) -> &str {
        &self.subject
    }

    fn holds(&self, right: Right) -> bool {
        match right {
            Right::Customer => true,
            Right::Staff => self.staff,
            Right::Admin => self.admin,
        }
    }

    fn acts_for_many(&self) -> bool {
        self.agent
    }

    fn role(right: Right) -> Option<&'static str> {
        match right {
            Right::Customer => None,
            Right::Staff => Some("staff"),
            Right::Admin => Some("admin"),
        }
    }
}

impl Caller {
    /// Whether this caller may look at what `owner` made.
    pub fn may_see(&self, owner: &str) -> bool {
        self.staff || self.subject == owner
    }

    /// Whether this caller may know where and how the hub calls a partner.
    pub fn may_see_partners(&self) -> bool {
        self.staff || self.agent
    }

    /// Refuses a caller that is neither the customer with this address nor an agent.
    pub fn must_act_for(&self, customer: &Email) -> Result<()> {
        if self.agent || self.email.as_ref() == Some(customer) {
            return Ok(());
        }
        Err(Error::new(
            Kind::Forbidden,
            "Only the role `agent` may act for a customer with another e-mail address than the caller's verified one.",
        ))
    }
}

impl From<&Claims> for Caller {
    fn from(claims: &Claims) -> Self {
        let admin = claims.has_role("admin");
        Self {
            subject: claims.sub.clone(),
            email: claims.verified_email().and_then(|email| email.parse().ok()),
            staff: admin || claims.has_role("staff"),
            agent: claims.has_role("agent"),
            admin,
        }
    }
}

/// Verifies tokens against one or two public keys, so that keys can be rotated.
pub struct Verifier {
    config: Config,
    keys: OnceLock<Vec<DecodingKey>>,
    /// Tokens whose signature and audience were good, by their hash. Their times are checked on every use.
    known: Mutex<HashMap<[u8; 32], Known>>,
}

/// Tokens that are remembered at once. Then all are dropped, because an instance seldom sees as many.
const REMEMBERED: usize = 256;

#[derive(Clone)]
struct Known {
    caller: Caller,
    validity: Validity,
}

impl Verifier {
    pub fn new(config: Config) -> Self {
        crypto::install();
        Self {
            config,
            keys: OnceLock::new(),
            known: Mutex::default(),
        }
    }

    pub fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Caller> {
        let refused = || Error::new(Kind::Unauthenticated, "A valid bearer token is needed.");
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values
            .next()
            .and_then(|value| value.to_str().ok())
            .ok_or_else(refused)?;
        let (scheme, token) = value.split_once(' ').ok_or_else(refused)?;
        if values.next().is_some() || !scheme.eq_ignore_ascii_case("bearer") || token.len() > MAX_TOKEN_LENGTH {
            return Err(refused());
        }
        let known = self.known(token.trim(), now)?.ok_or_else(refused)?;
        if known.validity.includes(now) {
            Ok(known.caller)
        } else {
            Err(refused())
        }
    }

    fn known(&self, token: &str, now: Timestamp) -> Result<Option<Known>> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        let held = self.lock().get(&hash).cloned();
        if held.is_some() {
            return Ok(held);
        }
        let Some(claims) = self.verify(token)? else {
            return Ok(None);
        };
        let life = self.config.parse("JWT_MAX_LIFE_HOURS", DEFAULT_MAX_LIFE_HOURS)?;
        let life = SignedDuration::from_hours(life.into());
        let for_us =
            claims.audience() == self.config.need("JWT_AUDIENCE")? && claims.iss == self.config.need("JWT_ISSUER")?;
        if !for_us || !(1..=MAX_SUBJECT_LENGTH).contains(&claims.sub.len()) || !claims.lives_at_most(life, now) {
            return Ok(None);
        }
        let known = Known {
            validity: claims.validity(),
            caller: Caller::from(&claims),
        };
        let mut all = self.lock();
        if all.len() >= REMEMBERED {
            all.clear();
        }
        all.insert(hash, known.clone());
        Ok(Some(known))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The claims, if one of the keys made the signature. jsonwebtoken would refuse headers that have to be ignored, ignore
    /// those that have to be refused, and ask the machine's clock.
    fn verify(&self, token: &str) -> Result<Option<Claims>> {
        let Some((message, signature)) = token.rsplit_once('.') else {
            return Ok(None);
        };
        let Some((header, claims)) = message.split_once('.') else {
            return Ok(None);
        };
        if !part(header).is_some_and(|header: TokenHeader| header.is_accepted()) {
            return Ok(None);
        }
        let signed = |key| verify(signature, message.as_bytes(), key, Algorithm::RS256).unwrap_or(false);
        let signed = self.keys()?.iter().any(signed);
        Ok(if signed { part(claims) } else { None })
    }

    fn keys(&self) -> Result<&[DecodingKey]> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        const END: &str = "-----END PUBLIC KEY-----";
        let pem = self.config.need("JWT_PUBLIC_KEY")?.replace("\\n", "\n");
        let keys: Result<Vec<_>, _> = pem
            .split_inclusive(END)
            .filter(|part| part.contains(END))
            .map(|part| DecodingKey::from_rsa_pem(part.trim().as_bytes()))
            .collect();
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(self.keys.get_or_init(|| keys)),
            _ => Err(Error::misconfigured(
                "the setting JWT_PUBLIC_KEY is not one or two RSA public keys in PEM",
            )),
        }
    }
}

/// A part of a token that is a JSON object. Serde would also take an array, by position.
fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    is_object.then(|| serde_json::from_slice(&json).ok())?
}

#[cfg(test)]
mod tests;
