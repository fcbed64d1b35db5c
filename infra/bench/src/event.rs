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
use crate::fixture::{API_KEY, AUDIENCE, ISSUER, WEBHOOK_TOKEN};

/// A key pair for tests only.
const KEY: &str = "shared/runtime/fixtures/test-only-key-one";

/// The request that a variant answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// Any event: the empty function reads none.
    Empty,
    UnknownRoute,
    Quote,
    /// A dealer's new case.
    Case,
    /// A marketplace's notice of an order.
    Webhook,
}

impl RequestKind {
    /// The status of a right answer.
    pub fn status(self) -> u64 {
        match self {
            Self::Empty | Self::Webhook => 200,
            Self::UnknownRoute => 404,
            Self::Quote | Self::Case => 201,
        }
    }

    /// The function writes to DynamoDB, so its round trips and their times are worth measuring.
    pub fn stores(self) -> bool {
        matches!(self, Self::Quote | Self::Case | Self::Webhook)
    }
}

pub struct Events {
    fallback: Bytes,
    quote: Bytes,
    case: Bytes,
    webhook: Bytes,
    /// One line, with literal `\n` for line ends, as the template has it.
    pub public_key: String,
}

impl Events {
    pub fn read(root: &Path) -> Result<Self> {
        let key = format!("{KEY}.pub.pem");
        let bearer = format!("Bearer {}", token(root)?);
        let path = format!("/webhooks/mmob/{WEBHOOK_TOKEN}");
        let webhook = [("/rawPath", path.as_str()), ("/pathParameters/token", WEBHOOK_TOKEN)];
        Ok(Self {
            fallback: event(root, "operations-fallback", &[])?,
            quote: event(root, "funders-quote-generate", &[("/headers/authorization", &bearer)])?,
            case: event(root, "bqs-case-create", &[("/headers/x-api-key", API_KEY)])?,
            webhook: event(root, "mmob-order-webhook", &webhook)?,
            public_key: fs::read_to_string(root.join(&key)).context(key)?.replace('\n', "\\n"),
        })
    }

    pub fn of(&self, kind: RequestKind) -> Bytes {
        let event = match kind {
            RequestKind::Empty | RequestKind::UnknownRoute => &self.fallback,
            RequestKind::Quote => &self.quote,
            RequestKind::Case => &self.case,
            RequestKind::Webhook => &self.webhook,
        };
        event.clone()
    }
}

/// A function's sample event with some values replaced, by JSON pointer.
fn event(root: &Path, function: &str, changes: &[(&str, &str)]) -> Result<Bytes> {
    let path = format!("events/{function}.json");
    let text = fs::read_to_string(root.join(&path)).context(&path)?;
    let mut event: Value = serde_json::from_str(&text).context(&path)?;
    for (pointer, value) in changes {
        *event.pointer_mut(pointer).context(format!("{path} has no {pointer}"))? = json!(value);
    }
    Ok(event.to_string().into())
}

/// A signed token of a customer, valid for four hours.
fn token(root: &Path) -> Result<String> {
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
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}
