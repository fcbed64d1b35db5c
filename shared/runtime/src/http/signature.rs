//! Standard Webhooks: signs the webhooks that the hub sends, and verifies those of partners without a scheme of their own.
//!
//! The signature covers id, time and the raw bytes, joined by full stops. See standardwebhooks.com.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, header};
use jiff::Timestamp;
use model::{Error, Kind, Result};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::port::transport::Callback;

pub const ID: HeaderName = HeaderName::from_static("webhook-id");
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const PREFIX: &str = "whsec_";
/// The scheme's name in front of a signature. `v1a`, with public keys, is not supported.
const SCHEME: &str = "v1,";
/// Bytes in a secret that the hub makes.
const SECRET: usize = 32;
/// Seconds by which clocks and networks may differ.
const TOLERANCE: u64 = 300;
const MAX_ID_LENGTH: usize = 255;
/// Signatures that are tried for one message. Each costs a pass over the body, and the sender chooses how many there are.
const TRIED: usize = 8;

/// A new secret, as a subscriber is shown it.
pub fn secret() -> Result<String> {
    let mut bytes = [0; SECRET];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::new(Kind::Internal, "no random bytes"))?;
    Ok(format!("{PREFIX}{}", BASE64_STANDARD.encode(bytes)))
}

/// The value of `webhook-signature` for a message that is sent at `timestamp`, in seconds.
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String> {
    let content = content(id, &timestamp.to_string(), body);
    let tag = hmac::sign(&key(secret)?, &content);
    Ok(format!("{SCHEME}{}", BASE64_STANDARD.encode(tag)))
}

/// A signed message to `url`, which an admin chose.
pub fn request(url: &str, secret: &str, id: &str, now: Timestamp, body: Bytes) -> Result<Request<Bytes>> {
    let signature = sign(secret, id, now.as_second(), &body)?;
    Request::post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header(ID, id)
        .header(TIMESTAMP, now.as_second())
        .header(SIGNATURE, signature)
        .extension(Callback)
        .body(body)
        .map_err(|error| Error::new(Kind::Internal, "a webhook cannot be written").because(error))
}

/// The id of a message that was signed with one of `secrets`, which are separated by white space. The body must not be parsed
/// before this succeeds.
pub fn verify(secrets: &str, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<String> {
    let keys: Vec<_> = secrets.split_whitespace().map(key).collect::<Result<_>>()?;
    if keys.is_empty() {
        return Err(unusable());
    }
    let id = only(headers, &ID)?;
    let timestamp = only(headers, &TIMESTAMP)?;
    let listed = only(headers, &SIGNATURE)?;
    // A full stop in the id would let a part of the body pass as the time.
    if !(1..=MAX_ID_LENGTH).contains(&id.len()) || id.contains('.') || !fresh(timestamp, now) {
        return Err(refused());
    }
    let content = content(id, timestamp, body);
    let signatures = listed.split(' ').filter_map(|one| one.strip_prefix(SCHEME)).take(TRIED);
    let good = signatures
        .filter_map(|one| BASE64_STANDARD.decode(one).ok())
        .any(|tag| keys.iter().any(|key| hmac::verify(key, &content, &tag).is_ok()));
    if good { Ok(id.to_owned()) } else { Err(refused()) }
}

fn content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    let mut content = format!("{id}.{timestamp}.").into_bytes();
    content.extend_from_slice(body);
    content
}

fn key(secret: &str) -> Result<hmac::Key> {
    let bytes = secret
        .strip_prefix(PREFIX)
        .and_then(|text| BASE64_STANDARD.decode(text).ok())
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(unusable)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(refused()),
    }
}

fn fresh(timestamp: &str, now: Timestamp) -> bool {
    timestamp.bytes().all(|byte| byte.is_ascii_digit())
        && timestamp
            .parse::<i64>()
            .is_ok_and(|seconds| now.as_second().abs_diff(seconds) <= TOLERANCE)
}

/// One answer for every fault of a message: which part was wrong helps only a forger.
fn refused() -> Error {
    Error::new(Kind::Unauthenticated, "A valid and recent signature is needed.")
}

/// Without a secret no message is accepted and none is lost: the hub answers 503, and the sender retries.
pub fn unusable() -> Error {
    Error::new(
        Kind::Unavailable,
        "no webhook secret of the form whsec_<base64> is set up",
    )
}

#[cfg(test)]
mod tests;
