//! The events, with a token that the functions accept.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::failure::{Context, Result};

/// A key pair that exists for tests and is used nowhere else.
const KEY: &str = "shared/runtime/fixtures/test-only-key-one";
pub const ISSUER: &str = "self-serve-platform";
pub const AUDIENCE: &str = "self-serve-users";

pub struct Events {
    pub quote: Bytes,
    pub fallback: Bytes,
    /// One line, with literal `\n` for line ends, as the template has it.
    pub public_key: String,
}

impl Events {
    pub fn read(root: &Path) -> Result<Self> {
        let text = |path: &str| fs::read_to_string(root.join(path)).context(path);
        let token = signed(root)?.token();
        let mut quote: Value = serde_json::from_str(&text("events/funders-quote-generate.json")?)?;
        *quote
            .pointer_mut("/headers/authorization")
            .context("the quote event has no token to replace")? = json!(format!("Bearer {token}"));
        let fallback: Value = serde_json::from_str(&text("events/operations-fallback.json")?)?;
        Ok(Self {
            quote: quote.to_string().into(),
            fallback: fallback.to_string().into(),
            public_key: text(&format!("{KEY}.pub.pem"))?.replace('\n', "\\n"),
        })
    }
}

/// A token's parts.
pub struct Signed {
    /// The public key as PKCS#1 DER.
    pub key: Vec<u8>,
    pub message: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Signed {
    fn token(&self) -> String {
        let message = String::from_utf8_lossy(&self.message);
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(&self.signature))
    }
}

pub fn signed(root: &Path) -> Result<Signed> {
    let pkcs8 = fs::read(root.join(format!("{KEY}.pk8"))).context(KEY)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "bench", "email": "john.doe@example.com", "email_verified": true,
        "roles": [], "iat": now, "exp": now + 4 * 3600,
    });
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&json!({"alg": "RS256", "typ": "JWT"})), encode(&claims));
    let key = RsaKeyPair::from_pkcs8(&pkcs8).context(KEY)?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .map_err(|_| "the token cannot be signed")?;
    Ok(Signed {
        key: key.public().as_ref().to_vec(),
        message: message.into_bytes(),
        signature,
    })
}
