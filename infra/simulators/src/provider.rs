//! Simulates the providers that fulfil a marketplace's orders: `POST /_provider/{name}`, for any name.
//!
//! A provider takes Standard Webhooks that are signed with the secret it was set up with. It acts once for each
//! `webhook-id` and repeats its first answer to a duplicate. Nothing else stops it from acting twice.
//!
//! - `PUT /_control/providers/{name}` with `{secret, decision?, decisions?, script?}` sets a provider up and forgets the
//!   earlier one of that name. The provider answers `decision` (default `{"status":"Succesful"}`), or the entry of
//!   `decisions` for the order's id. `script` is a script (see [`crate::script`]). A scripted response or reset without
//!   `served` comes without any effect on the order.
//! - `GET /_control/providers/{name}` returns `{deliveries: {webhook-id: n}, effects: {order: n}, refused, received:
//!   [{id, body}]}`. `deliveries` counts the webhooks with a valid signature, `refused` those without. `effects` counts
//!   how often the provider acted on an order. An order that comes again with more information counts separately, as
//!   `{order}:{round}`.
//! - `DELETE` forgets the provider.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::script::{self, Action, Script};
use crate::socket::ResetHandle;
use crate::{answer, clock, signature};

/// Bounds memory: the oldest webhooks are dropped first.
const MAX_RECEIVED: usize = 1_000;

type Providers = Arc<Mutex<BTreeMap<String, Provider>>>;

struct Provider {
    setup: Setup,
    script: Script,
    log: ProviderLog,
    /// The answer to each webhook, by `webhook-id`.
    answers: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    secret: String,
    #[serde(default = "default_decision")]
    decision: Value,
    #[serde(default)]
    decisions: BTreeMap<String, Value>,
    script: Option<Box<RawValue>>,
}

fn default_decision() -> Value {
    json!({ "status": "Succesful" })
}

#[derive(Default, Serialize)]
struct ProviderLog {
    deliveries: BTreeMap<String, u32>,
    effects: BTreeMap<String, u32>,
    refused: u32,
    received: VecDeque<ReceivedWebhook>,
}

#[derive(Serialize)]
struct ReceivedWebhook {
    id: String,
    body: Value,
}

pub fn routes<S>() -> Router<S> {
    Router::new()
        .route("/_control/providers/{name}", put(set_up).get(show).delete(forget))
        .route("/_provider/{name}", post(receive))
        .with_state(Providers::default())
}

fn locked(providers: &Providers) -> MutexGuard<'_, BTreeMap<String, Provider>> {
    providers.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn set_up(State(providers): State<Providers>, Path(name): Path<String>, body: Bytes) -> Response {
    let bad = |reason: String| answer::error(StatusCode::BAD_REQUEST, "BAD_PROVIDER", reason);
    let setup: Setup = match serde_json::from_slice(&body) {
        Ok(setup) => setup,
        Err(error) => return bad(error.to_string()),
    };
    if let Err(reason) = signature::decode_secret(&setup.secret) {
        return bad(reason);
    }
    let steps = setup.script.as_ref().map_or("[]", |script| script.get());
    let script = match script::read(steps.as_bytes()) {
        Ok(steps) => Script::new(steps),
        Err(reason) => return bad(reason),
    };
    let provider = Provider {
        setup,
        script,
        log: ProviderLog::default(),
        answers: BTreeMap::new(),
    };
    locked(&providers).insert(name.clone(), provider);
    answer::json(StatusCode::OK, &json!({ "path": format!("/_provider/{name}") }))
}

async fn show(State(providers): State<Providers>, Path(name): Path<String>) -> Response {
    match locked(&providers).get(&name) {
        Some(provider) => answer::json(StatusCode::OK, &provider.log),
        None => absent(&name),
    }
}

async fn forget(State(providers): State<Providers>, Path(name): Path<String>) -> Response {
    match locked(&providers).remove(&name) {
        Some(_) => answer::json(StatusCode::OK, &json!({})),
        None => absent(&name),
    }
}

fn absent(name: &str) -> Response {
    answer::not_found(format!("no provider {name}"))
}

async fn receive(
    State(providers): State<Providers>,
    Path(name): Path<String>,
    ConnectInfo(connection): ConnectInfo<ResetHandle>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // On its own task, because a real provider completes a request even if the hub disconnects.
    let acting = tokio::spawn(async move {
        let (delay, action, decision) = match plan(&providers, &name, &headers, &body) {
            Ok(planned) => planned,
            Err(refusal) => return *refusal,
        };
        tokio::time::sleep(delay).await;
        match action {
            Action::Normal => {
                let decision = decision.or_else(|| decide(&providers, &name, &headers, &body));
                decision.map_or_else(|| absent(&name), |decision| answer::json(StatusCode::OK, &decision))
            }
            Action::Reply(reply) => reply.into_response(),
            Action::Reset => {
                connection.reset();
                Response::default()
            }
        }
    });
    match acting.await {
        Ok(response) => response,
        Err(error) => answer::failed(&error),
    }
}

type Planned = (Duration, Action, Option<Value>);

/// Verifies and logs a webhook and takes the script's step for it. Acts on the webhook if the step is `served`.
fn plan(providers: &Providers, name: &str, headers: &HeaderMap, body: &[u8]) -> Result<Planned, Box<Response>> {
    let step = {
        let mut providers = locked(providers);
        let provider = providers.get_mut(name).ok_or_else(|| Box::new(absent(name)))?;
        let now = clock::now().as_second();
        let id = signature::verify(&provider.setup.secret, headers, body, now).map_err(|reason| {
            provider.log.refused += 1;
            Box::new(answer::error(StatusCode::UNAUTHORIZED, "BAD_SIGNATURE", reason))
        })?;
        *provider.log.deliveries.entry(id.clone()).or_default() += 1;
        provider.log.received.push_back(ReceivedWebhook {
            id,
            body: serde_json::from_slice(body).unwrap_or_default(),
        });
        if provider.log.received.len() > MAX_RECEIVED {
            provider.log.received.pop_front();
        }
        provider.script.next()
    };
    let Some(step) = step else {
        return Ok((Duration::ZERO, Action::Normal, None));
    };
    let decision = step.served.then(|| decide(providers, name, headers, body)).flatten();
    Ok((step.delay, step.action, decision))
}

/// Acts on the webhook, or returns the first answer to a duplicate. `None` if a test has deleted the provider
/// meanwhile.
fn decide(providers: &Providers, name: &str, headers: &HeaderMap, body: &[u8]) -> Option<Value> {
    let id = headers.get("webhook-id")?.to_str().ok()?;
    let mut providers = locked(providers);
    let provider = providers.get_mut(name)?;
    if let Some(answer) = provider.answers.get(id) {
        return Some(answer.clone());
    }
    let event: Value = serde_json::from_slice(body).unwrap_or_default();
    let order = event.pointer("/data/order/id").and_then(Value::as_str).unwrap_or(id);
    let effect = match event.pointer("/data/order/round").and_then(Value::as_u64) {
        None | Some(1) => order.to_owned(),
        Some(round) => format!("{order}:{round}"),
    };
    *provider.log.effects.entry(effect).or_default() += 1;
    let decisions = &provider.setup.decisions;
    let answer = decisions.get(order).unwrap_or(&provider.setup.decision).clone();
    provider.answers.insert(id.to_owned(), answer.clone());
    Some(answer)
}
