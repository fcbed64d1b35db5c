//! Signs and verifies webhooks as the Standard Webhooks specification says.

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// The secret of a partner for which the environment has none.
pub const FAKE_SECRET: &str = "whsec_dGVzdC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==";

const TOLERANCE_SECONDS: u64 = 300;

/// Returns the key in a secret of the form `whsec_<base64>`.
pub fn decode_secret(secret: &str) -> Result<Vec<u8>, String> {
    let encoded = secret
        .strip_prefix("whsec_")
        .ok_or("the secret does not begin with whsec_")?;
    STANDARD
        .decode(encoded)
        .map_err(|error| format!("the secret is not base64 after whsec_: {error}"))
}

/// Returns the value of the `webhook-signature` header.
pub fn sign(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// Returns the id of a webhook that was signed with `secret` within five minutes of `now`. An id with a full stop is
/// refused, because the sender could pass a part of such an id as the timestamp.
pub fn verify(secret: &str, headers: &HeaderMap, body: &[u8], now: i64) -> Result<String, String> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or_else(|| format!("{name} is missing"))
    };
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    if id.is_empty() || id.contains('.') {
        return Err("webhook-id must not be empty or contain a full stop".to_owned());
    }
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_| "webhook-timestamp is not a Unix timestamp")?;
    if seconds.abs_diff(now) > TOLERANCE_SECONDS {
        return Err("webhook-timestamp is more than five minutes from now".to_owned());
    }
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &decode_secret(secret)?);
    let good = header("webhook-signature")?
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|tag| hmac::verify(&key, &signed, &tag).is_ok());
    if good {
        Ok(id)
    } else {
        Err("webhook-signature does not match".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_example() {
        let key = decode_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let made = sign(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
