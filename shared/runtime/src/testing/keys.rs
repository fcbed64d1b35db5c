//! Tokens that are signed with keys for tests.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use model::{Error, Kind, Result};

/// A key pair that exists for tests and is used nowhere else.
#[derive(Clone, Copy)]
pub struct TestKey {
    pkcs8: &'static [u8],
    pub public_pem: &'static str,
}

pub const KEY: TestKey = TestKey {
    pkcs8: include_bytes!("../../fixtures/test-only-key-one.pk8"),
    public_pem: include_str!("../../fixtures/test-only-key-one.pub.pem"),
};

pub const OTHER_KEY: TestKey = TestKey {
    pkcs8: include_bytes!("../../fixtures/test-only-key-two.pk8"),
    public_pem: include_str!("../../fixtures/test-only-key-two.pub.pem"),
};

impl TestKey {
    /// A token with this header and these claims, valid or not.
    pub fn sign(&self, header: &serde_json::Value, claims: &serde_json::Value) -> Result<String> {
        sign(self.pkcs8, &header.to_string(), &claims.to_string())
    }

    /// The same, from text that may be wrong in ways a value cannot.
    pub fn sign_text(&self, header: &str, claims: &str) -> Result<String> {
        sign(self.pkcs8, header, claims)
    }
}

/// An RS256 token, signed with a key in PKCS#8 DER.
pub fn sign(pkcs8: &[u8], header: &str, claims: &str) -> Result<String> {
    let internal = |what: &str| Error::new(Kind::Internal, what);
    let message = format!(
        "{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(header),
        BASE64_URL_SAFE_NO_PAD.encode(claims)
    );
    let key = ring::signature::RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| internal("the test key"))?;
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(
        &ring::signature::RSA_PKCS1_SHA256,
        &random,
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| internal("signing"))?;
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// The claims of a person as the auth service would write them.
pub fn claims(subject: &str, email: &str, roles: &[&str], now: Timestamp) -> serde_json::Value {
    serde_json::json!({
        "iss": "self-serve-platform", "aud": "self-serve-users", "sub": subject, "email": email, "email_verified": true,
        "roles": roles, "iat": now.as_second(), "exp": now.as_second() + 3600,
    })
}

/// The settings that accept [`KEY`]'s tokens.
pub fn auth_settings() -> Vec<(&'static str, String)> {
    vec![
        ("JWT_PUBLIC_KEY", KEY.public_pem.replace('\n', "\\n")),
        ("JWT_ISSUER", "self-serve-platform".into()),
        ("JWT_AUDIENCE", "self-serve-users".into()),
    ]
}

/// The `Authorization` of a person with a good token. Signing costs more than most tests, so that each token is signed once.
pub fn bearer(subject: &str, email: &str, roles: &[&str], now: Timestamp) -> Result<String> {
    static SIGNED: LazyLock<Mutex<HashMap<String, String>>> = LazyLock::new(Mutex::default);
    let claims = claims(subject, email, roles, now);
    let mut signed = SIGNED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = claims.to_string();
    if let Some(known) = signed.get(&key) {
        return Ok(known.clone());
    }
    let token = KEY.sign(&serde_json::json!({"alg": "RS256", "typ": "JWT"}), &claims)?;
    let bearer = format!("Bearer {token}");
    signed.insert(key, bearer.clone());
    Ok(bearer)
}
