//! Checks the bearer token by hand: the simulator shares no JWT library with the adapter that makes the token.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use crate::environment::variable;
use crate::json::{self, Object};
use crate::signature;

const CLAIMS: [&str; 6] = ["sub", "nbf", "exp", "iat", "lbg_major_dealerid", "lbg_minor_dealerid"];
const MAX_VALID_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The credentials that a caller must use. The bytes of `shared_secret` are the key: it is not base64.
pub struct LexCredentials {
    pub app_id: String,
    pub shared_secret: String,
    pub major_dealer: String,
    pub minor_dealer: String,
    /// Signs the webhooks. That Lex sends any is our assumption.
    pub webhook_secret: String,
}

impl LexCredentials {
    /// Reads LEX_APP_ID, LEX_SHARED_SECRET, LEX_DEALER_ID_MAJOR, LEX_DEALER_ID_MINOR and LEX_WEBHOOK_SECRET. The
    /// defaults are obvious fakes.
    pub fn from_environment() -> Self {
        Self {
            app_id: variable("LEX_APP_ID", "test-lex-app"),
            shared_secret: variable("LEX_SHARED_SECRET", "test-lex-secret"),
            major_dealer: variable("LEX_DEALER_ID_MAJOR", "test-major"),
            minor_dealer: variable("LEX_DEALER_ID_MINOR", "test-minor"),
            webhook_secret: variable("LEX_WEBHOOK_SECRET", signature::FAKE_SECRET),
        }
    }

    /// Checks the value of the `Authorization` header at `now` (Unix seconds). The error names the check that failed.
    pub fn check(&self, header: Option<&str>, now: i64) -> Result<(), String> {
        let header = header.ok_or("the Authorization header is missing")?;
        let token = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token)
            .ok_or("the Authorization header is not a bearer token")?;
        let (signed, signature) = token.rsplit_once('.').ok_or("the token does not have three parts")?;
        let (head, claims) = signed.split_once('.').ok_or("the token does not have three parts")?;

        let head = decode(head, "header")?;
        let head = Object::read(&head).map_err(|error| format!("the token's header is not JSON: {error}"))?;
        if head.get("alg").map(|alg| alg.get()) != Some("\"HS256\"") {
            return Err("alg is not HS256".to_owned());
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.shared_secret.as_bytes());
        hmac::verify(&key, signed.as_bytes(), &decode(signature, "signature")?)
            .map_err(|_| "the signature does not match")?;

        let claims = decode(claims, "claims")?;
        let claims = Object::read(&claims).map_err(|error| format!("the claims are not JSON: {error}"))?;
        self.check_claims(&claims, now)
    }

    fn check_claims(&self, claims: &Object<'_>, now: i64) -> Result<(), String> {
        let given: BTreeSet<_> = claims.names().collect();
        let wanted: BTreeSet<_> = CLAIMS.into_iter().collect();
        if let Some(missing) = wanted.difference(&given).next() {
            return Err(format!("claim {missing} is missing"));
        }
        if let Some(extra) = given.difference(&wanted).next() {
            return Err(format!("claim {extra} is not expected"));
        }
        let parties = [
            ("sub", &self.app_id),
            ("lbg_major_dealerid", &self.major_dealer),
            ("lbg_minor_dealerid", &self.minor_dealer),
        ];
        for (name, expected) in parties {
            if claim(claims, name, json::string)? != *expected {
                return Err(format!("claim {name} is not known here"));
            }
        }
        let not_before = claim(claims, "nbf", json::integer)?;
        let expires = claim(claims, "exp", json::integer)?;
        let issued = claim(claims, "iat", json::integer)?;
        if expires <= now {
            return Err("the token has expired (exp)".to_owned());
        }
        if not_before > now {
            return Err("the token is not valid yet (nbf)".to_owned());
        }
        if expires
            .checked_sub(issued)
            .is_none_or(|seconds| seconds > MAX_VALID_SECONDS)
        {
            return Err("the token is valid for longer than 7 days (exp - iat)".to_owned());
        }
        Ok(())
    }
}

fn claim<T>(
    claims: &Object<'_>,
    name: &str,
    read: impl Fn(&serde_json::value::RawValue) -> Result<T, &'static str>,
) -> Result<T, String> {
    let value = claims.get(name).ok_or_else(|| format!("claim {name} is missing"))?;
    read(value).map_err(|reason| format!("claim {name} {reason}"))
}

fn decode(part: &str, what: &str) -> Result<Vec<u8>, String> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| format!("the token's {what} is not base64url without padding"))
}
