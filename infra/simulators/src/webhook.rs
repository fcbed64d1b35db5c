//! Sends a partner's webhook: `POST /_control/webhooks`. No partner here documents its webhooks, so they are Standard
//! Webhooks, signed with the member `<PARTNER>_WEBHOOK_SECRET` of the partner's secret.
//!
//! The request is `{url, funder, body, id?, secret?, age?, wrongSignature?, times?}`:
//!
//! - `url` is the whole address (`{baseUrl}/webhooks/lex`). `funder` is the partner that sends, in lower case.
//! - `body` is sent as the test wrote it. A string is sent as its characters.
//! - `id` names the message; the default is a new id for each request. The same `id` in a later request makes a
//!   duplicate. So does `times` above 1, which sends one webhook after the other.
//! - `secret` signs in place of the partner's own; it begins with `whsec_`.
//! - `age` dates the message that many seconds back, or ahead if negative. `wrongSignature` signs with another key.
//!
//! The response is `{id, timestamp, signature, deliveries: [{status, body} or {error}]}`, with one delivery for each of
//! `times`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::answer;
use crate::clock;
use crate::delivery::{self, Delivery};
use crate::script;
use crate::signature;
use crate::state::AppState;

const MAX_TIMES: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WebhookRequest {
    url: String,
    funder: String,
    body: Box<RawValue>,
    id: Option<String>,
    secret: Option<String>,
    age: Option<i64>,
    wrong_signature: Option<bool>,
    times: Option<u32>,
}

struct SignedWebhook {
    url: String,
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

#[derive(Serialize)]
struct WebhookResponse<'a> {
    id: &'a str,
    timestamp: &'a str,
    signature: &'a str,
    deliveries: Vec<Delivery>,
}

pub async fn send(State(state): State<Arc<AppState>>, body: Bytes) -> Response {
    let bad = |reason: String| answer::error(StatusCode::BAD_REQUEST, "BAD_WEBHOOK", reason);
    let request: WebhookRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return bad(error.to_string()),
    };
    let own_secret = match state.partner(&request.funder) {
        Ok(partner) => partner.webhook_secret(),
        Err(not_found) => return *not_found,
    };
    let Some(own_secret) = own_secret else {
        return bad(format!("{} sends no webhooks", request.funder));
    };
    let times = request.times.unwrap_or(1);
    if !(1..=MAX_TIMES).contains(&times) {
        return bad(format!("times must be between 1 and {MAX_TIMES}"));
    }
    let webhook = match signed(request, own_secret, clock::now().as_second()) {
        Ok(webhook) => webhook,
        Err(reason) => return bad(reason),
    };
    // On a blocking thread, because the hub may call the simulators before it answers.
    let delivered = tokio::task::spawn_blocking(move || {
        let deliveries = (0..times).map(|_| webhook.deliver()).collect();
        (webhook, deliveries)
    });
    match delivered.await {
        Ok((webhook, deliveries)) => {
            let response = WebhookResponse {
                id: &webhook.id,
                timestamp: &webhook.timestamp,
                signature: &webhook.signature,
                deliveries,
            };
            answer::json(StatusCode::OK, &response)
        }
        Err(error) => answer::failed(&error),
    }
}

fn signed(request: WebhookRequest, own_secret: &str, now: i64) -> Result<SignedWebhook, String> {
    static NEXT_ID: AtomicU64 = AtomicU64::new(1);
    let body = script::text(&request.body)?;
    let timestamp = now.saturating_sub(request.age.unwrap_or(0)).to_string();
    let id = request
        .id
        .unwrap_or_else(|| format!("msg_{now}_{}", NEXT_ID.fetch_add(1, Ordering::Relaxed)));
    let mut key = signature::decode_secret(request.secret.as_deref().unwrap_or(own_secret))?;
    if request.wrong_signature.unwrap_or(false) {
        key.extend(b"wrong");
    }
    Ok(SignedWebhook {
        url: request.url,
        signature: signature::sign(&key, &id, &timestamp, &body),
        id,
        timestamp,
        body,
    })
}

impl SignedWebhook {
    fn deliver(&self) -> Delivery {
        let headers = [
            ("webhook-id", self.id.as_str()),
            ("webhook-timestamp", &self.timestamp),
            ("webhook-signature", &self.signature),
        ];
        delivery::post(&self.url, &headers, &self.body)
    }
}
