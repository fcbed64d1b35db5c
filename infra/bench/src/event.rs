//! The events, with tokens and keys that the functions accept.

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
use crate::variant::Kind;

/// A key pair that exists for tests and is used nowhere else.
const KEY: &str = "shared/runtime/fixtures/test-only-key-one";
pub const ISSUER: &str = "self-serve-platform";
pub const AUDIENCE: &str = "self-serve-users";

/// Who creates cases, and with what key.
pub const CHANNEL: &str = "bench";
pub const API_KEY: &str = "bench.no-secret-it-is-here-for-all-to-read-0000000";
/// What stands in the path of a marketplace's webhook.
pub const WEBHOOK_TOKEN: &str = "no-secret-it-is-here-for-all-to-read";

pub struct Events {
    fallback: Bytes,
    quote: Bytes,
    case: Bytes,
    order: Bytes,
    /// One line, with literal `\n` for line ends, as the template has it.
    pub public_key: String,
}

impl Events {
    pub fn read(root: &Path) -> Result<Self> {
        let key = format!("{KEY}.pub.pem");
        let bearer = format!("Bearer {}", signed(root)?.token());
        let path = format!("/webhooks/mmob/{WEBHOOK_TOKEN}");
        let order = [("/rawPath", path.as_str()), ("/pathParameters/token", WEBHOOK_TOKEN)];
        Ok(Self {
            fallback: event(root, "operations-fallback", &[])?,
            quote: event(root, "funders-quote-generate", &[("/headers/authorization", &bearer)])?,
            case: event(root, "bqs-case-create", &[("/headers/x-api-key", API_KEY)])?,
            order: event(root, "mmob-order-webhook", &order)?,
            public_key: fs::read_to_string(root.join(&key)).context(key)?.replace('\n', "\\n"),
        })
    }

    pub fn of(&self, kind: Kind) -> Bytes {
        let event = match kind {
            Kind::Nothing | Kind::Nowhere => &self.fallback,
            Kind::Quote => &self.quote,
            Kind::Case => &self.case,
            Kind::Order => &self.order,
        };
        event.clone()
    }
}

/// A function's sample event with other values in these places.
fn event(root: &Path, function: &str, changes: &[(&str, &str)]) -> Result<Bytes> {
    let path = format!("events/{function}.json");
    let text = fs::read_to_string(root.join(&path)).context(&path)?;
    let mut event: Value = serde_json::from_str(&text).context(&path)?;
    for (place, value) in changes {
        *event.pointer_mut(place).context(format!("{path} has no {place}"))? = json!(value);
    }
    Ok(event.to_string().into())
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
