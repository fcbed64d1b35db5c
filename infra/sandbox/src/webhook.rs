//! Sends what a partner would: `POST /_control/webhooks`. No partner here documents its webhooks, so they are Standard
//! Webhooks, signed with the member `<PARTNER>_WEBHOOK_SECRET` of the partner's secret.
//!
//! The request is `{url, funder, body, id?, secret?, age?, wrongSignature?, times?}`:
//!
//! - `url` is the whole address (`{baseUrl}/webhooks/lex`), `funder` the partner that sends, in lower case.
//! - `body` is sent as it is written; of a string, its characters are.
//! - `id` names the message; without it each has another. The same `id` in a later request, or `times` above 1, makes
//!   duplicates; `times` sends one after the other.
//! - `secret` signs in place of the partner's own; it begins with `whsec_`.
//! - `age` in seconds dates the message back, a negative one ahead. `wrongSignature` signs with another key.
//!
//! The answer is `{id, timestamp, signature, deliveries: [{status, body} or {error}]}`, one delivery for each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer;
use crate::script;
use crate::server::{self, Stage};

/// What a partner signs with that was told no secret.
pub const FAKE_SECRET: &str = "whsec_dGVzdC13ZWJob29rLXNlY3JldC1ub3QtcmVhbA==";

const PATIENCE: Duration = Duration::from_secs(35);
const MOST_TIMES: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Order {
    url: String,
    funder: String,
    body: Box<RawValue>,
    id: Option<String>,
    secret: Option<String>,
    age: Option<i64>,
    wrong_signature: Option<bool>,
    times: Option<u32>,
}

/// A webhook ready to be sent.
struct Message {
    url: String,
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

#[derive(Serialize)]
struct Sent<'a> {
    id: &'a str,
    timestamp: &'a str,
    signature: &'a str,
    deliveries: Vec<Delivery>,
}

/// How a delivery ended.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Delivery {
    Answered { status: u16, body: String },
    Failed { error: String },
}

pub async fn send(State(stage): State<Arc<Stage>>, body: Bytes) -> Response {
    let bad = |reason: String| answer::error(StatusCode::BAD_REQUEST, "BAD_WEBHOOK", reason);
    let order: Order = match serde_json::from_slice(&body) {
        Ok(order) => order,
        Err(error) => return bad(error.to_string()),
    };
    let own_secret = match stage.partner(&order.funder) {
        Ok(partner) => partner.webhook_secret(),
        Err(refusal) => return *refusal,
    };
    let Some(own_secret) = own_secret else {
        return bad(format!("{} sends no webhooks", order.funder));
    };
    let times = order.times.unwrap_or(1);
    if !(1..=MOST_TIMES).contains(&times) {
        return bad(format!("times must be between 1 and {MOST_TIMES}"));
    }
    let message = match message(order, own_secret, server::now().as_second()) {
        Ok(message) => message,
        Err(reason) => return bad(reason),
    };
    // The client blocks, and the hub may call the simulator before it answers.
    let delivered = tokio::task::spawn_blocking(move || {
        let deliveries = (0..times).map(|_| message.deliver()).collect();
        (message, deliveries)
    });
    match delivered.await {
        Ok((message, deliveries)) => {
            let sent = Sent {
                id: &message.id,
                timestamp: &message.timestamp,
                signature: &message.signature,
                deliveries,
            };
            answer::json(StatusCode::OK, &sent)
        }
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "SANDBOX_FAILED", error.to_string()),
    }
}

fn message(order: Order, own_secret: &str, now: i64) -> Result<Message, String> {
    static SENT: AtomicU64 = AtomicU64::new(1);
    let body = script::text(&order.body)?;
    let timestamp = now.saturating_sub(order.age.unwrap_or(0)).to_string();
    let id = order
        .id
        .unwrap_or_else(|| format!("msg_{now}_{}", SENT.fetch_add(1, Ordering::Relaxed)));
    let mut key = key(order.secret.as_deref().unwrap_or(own_secret))?;
    if order.wrong_signature.unwrap_or(false) {
        key.extend(b"wrong");
    }
    Ok(Message {
        url: order.url,
        signature: signature(&key, &id, &timestamp, &body),
        id,
        timestamp,
        body,
    })
}

/// The id of a message that was signed with `secret` within the last five minutes. An id with a full stop in it could pass
/// a part of itself as the time.
pub fn verify(secret: &str, headers: &HeaderMap, body: &[u8], now: i64) -> Result<String, String> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or_else(|| format!("{name} is missing"))
    };
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    if id.is_empty() || id.contains('.') {
        return Err("webhook-id cannot be used".to_owned());
    }
    let seconds: i64 = timestamp.parse().map_err(|_| "webhook-timestamp is no time")?;
    if seconds.abs_diff(now) > 300 {
        return Err("webhook-timestamp is not of now".to_owned());
    }
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key(secret)?);
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

pub fn key(secret: &str) -> Result<Vec<u8>, String> {
    let encoded = secret
        .strip_prefix("whsec_")
        .ok_or("the secret does not begin with whsec_")?;
    STANDARD
        .decode(encoded)
        .map_err(|error| format!("the secret is not base64 after whsec_: {error}"))
}

fn signature(key: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

impl Message {
    fn deliver(&self) -> Delivery {
        let headers = [
            ("webhook-id", self.id.as_str()),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ];
        post(&self.url, &headers, &self.body)
    }
}

/// Posts JSON, and waits for what comes of it.
pub fn post(url: &str, headers: &[(&str, &str)], body: &str) -> Delivery {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build()
        .into();
    let request = agent.post(url).content_type("application/json");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    let answered = request.send(body).and_then(|mut response| {
        let body = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), body))
    });
    match answered {
        Ok((status, body)) => Delivery::Answered { status, body },
        Err(error) => Delivery::Failed {
            error: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_published_example() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let made = signature(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(made, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
