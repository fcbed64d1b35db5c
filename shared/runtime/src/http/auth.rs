//! Callers with an RS256 token from the company's auth service. One algorithm, one key type, never a key from the token.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use http::{HeaderMap, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use model::email::Email;
use model::{Error, Kind, Result};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::caller::Identity;
use crate::port::config::Config;
use crate::port::crypto;

/// The challenge that goes with every 401 of these routes.
pub const CHALLENGE: &str = r#"Bearer error="invalid_token""#;

/// Clocks may differ by this many seconds.
const LEEWAY: i64 = 60;
const MAX_TOKEN_LENGTH: usize = 8 * 1024;

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

#[derive(Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    /// One audience: a token for several services is refused.
    aud: String,
    exp: i64,
    nbf: Option<i64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    roles: Vec<String>,
}

impl From<Claims> for Caller {
    fn from(claims: Claims) -> Self {
        let has = |wanted| claims.roles.iter().any(|role| role == wanted);
        let verified = claims.email.as_deref().filter(|_| claims.email_verified);
        Self {
            email: verified.and_then(|email| email.parse().ok()),
            staff: has("staff") || has("admin"),
            agent: has("agent"),
            admin: has("admin"),
            subject: claims.sub,
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
    exp: i64,
    nbf: Option<i64>,
}

impl Known {
    fn in_time(&self, now: Timestamp) -> bool {
        self.exp > now.as_second() - LEEWAY && self.nbf.is_none_or(|nbf| nbf <= now.as_second() + LEEWAY)
    }
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
        let known = self.known(token.trim())?.ok_or_else(refused)?;
        if known.in_time(now) {
            Ok(known.caller)
        } else {
            Err(refused())
        }
    }

    fn known(&self, token: &str) -> Result<Option<Known>> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        let held = self.lock().get(&hash).cloned();
        if held.is_some() {
            return Ok(held);
        }
        let Some(claims) = self.verify(token)? else {
            return Ok(None);
        };
        let for_us = claims.aud == self.config.need("JWT_AUDIENCE")? && claims.iss == self.config.need("JWT_ISSUER")?;
        if !for_us || claims.sub.is_empty() {
            return Ok(None);
        }
        let known = Known {
            exp: claims.exp,
            nbf: claims.nbf,
            caller: claims.into(),
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

    /// The claims, if one of the keys made the signature. Time, issuer and audience are checked by the caller against the
    /// hub's clock; jsonwebtoken would ask the machine's.
    fn verify(&self, token: &str) -> Result<Option<Claims>> {
        let header = jsonwebtoken::decode_header(token).ok();
        if !header.is_some_and(|header| {
            header.alg == Algorithm::RS256
                && header.crit.is_none()
                && header.typ.is_none_or(|typ| typ.eq_ignore_ascii_case("jwt"))
        }) {
            return Ok(None);
        }
        let mut validation = Validation::new(Algorithm::RS256);
        validation.required_spec_claims = HashSet::new();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let mut tried = self
            .keys()?
            .iter()
            .filter_map(|key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok());
        Ok(tried.next().map(|token| token.claims))
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

#[cfg(test)]
mod tests;
