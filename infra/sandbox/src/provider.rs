//! Providers of a marketplace, whom the hub asks what becomes of an order: `POST /_provider/{name}`, for any name.
//!
//! A provider takes Standard Webhooks, signed with the secret that it was told. What it does for an order it does once for
//! each `webhook-id`, and answers a repeated one as it did the first time; nothing else keeps it from acting twice.
//!
//! - `PUT /_control/providers/{name}` with `{secret, decision?, decisions?, script?}` sets one up and forgets what the one of
//!   that name had done. It answers `decision` (`{"status":"Succesful"}` unless said), or what `decisions` has under the id
//!   of an order. `script` is what [`crate::script`] says: an entry that is not `served` answers before anything is done.
//! - `GET /_control/providers/{name}` is what it has been asked: `{deliveries: {webhook-id: n}, effects: {order: n}, refused,
//!   received: [{id, body}]}`. `deliveries` are those that were signed, `effects` how often an order was acted upon, `refused`
//!   those that were not signed well. An order that came again with more information counts apart, as `{order}:{round}`.
//! - `DELETE` forgets it.

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

use crate::script::{self, Act, Script};
use crate::socket::Hangup;
use crate::{answer, server, webhook};

/// Bounds memory: the oldest are forgotten.
const MOST_RECEIVED: usize = 1_000;

type Providers = Arc<Mutex<BTreeMap<String, Provider>>>;

struct Provider {
    setup: Setup,
    script: Script,
    asked: Asked,
    /// What each message was answered.
    answers: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setup {
    secret: String,
    #[serde(default = "done")]
    decision: Value,
    #[serde(default)]
    decisions: BTreeMap<String, Value>,
    script: Option<Box<RawValue>>,
}

fn done() -> Value {
    json!({ "status": "Succesful" })
}

#[derive(Default, Serialize)]
struct Asked {
    deliveries: BTreeMap<String, u32>,
    effects: BTreeMap<String, u32>,
    refused: u32,
    received: VecDeque<Received>,
}

#[derive(Serialize)]
struct Received {
    id: String,
    body: Value,
}

pub fn doors<S>() -> Router<S> {
    Router::new()
        .route("/_control/providers/{name}", put(set_up).get(shown).delete(forget))
        .route("/_provider/{name}", post(ask))
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
    if let Err(reason) = webhook::key(&setup.secret) {
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
        asked: Asked::default(),
        answers: BTreeMap::new(),
    };
    locked(&providers).insert(name.clone(), provider);
    answer::json(StatusCode::OK, &json!({ "path": format!("/_provider/{name}") }))
}

async fn shown(State(providers): State<Providers>, Path(name): Path<String>) -> Response {
    match locked(&providers).get(&name) {
        Some(provider) => answer::json(StatusCode::OK, &provider.asked),
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
    answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", format!("no provider {name}"))
}

async fn ask(
    State(providers): State<Providers>,
    Path(name): Path<String>,
    ConnectInfo(hangup): ConnectInfo<Hangup>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // On a task of its own, because a provider goes on with what it received when the hub has given up.
    let acting = tokio::spawn(async move {
        let (delay, act, decision) = match take(&providers, &name, &headers, &body) {
            Ok(taken) => taken,
            Err(refusal) => return *refusal,
        };
        tokio::time::sleep(delay).await;
        match act {
            Act::Normal => {
                let decision = decision.or_else(|| decide(&providers, &name, &headers, &body));
                decision.map_or_else(|| absent(&name), |decision| answer::json(StatusCode::OK, &decision))
            }
            Act::Reply(reply) => reply.into_response(),
            Act::Reset => {
                hangup.reset();
                Response::default()
            }
        }
    });
    match acting.await {
        Ok(response) => response,
        Err(error) => answer::error(StatusCode::INTERNAL_SERVER_ERROR, "SANDBOX_FAILED", error.to_string()),
    }
}

type Taken = (Duration, Act, Option<Value>);

/// Notes what arrived, and acts on it where the script says that this comes first.
fn take(providers: &Providers, name: &str, headers: &HeaderMap, body: &[u8]) -> Result<Taken, Box<Response>> {
    let served = {
        let mut providers = locked(providers);
        let provider = providers.get_mut(name).ok_or_else(|| Box::new(absent(name)))?;
        let now = server::now().as_second();
        let id = webhook::verify(&provider.setup.secret, headers, body, now).map_err(|reason| {
            provider.asked.refused += 1;
            Box::new(answer::error(StatusCode::UNAUTHORIZED, "BAD_SIGNATURE", reason))
        })?;
        *provider.asked.deliveries.entry(id.clone()).or_default() += 1;
        provider.asked.received.push_back(Received {
            id,
            body: serde_json::from_slice(body).unwrap_or_default(),
        });
        if provider.asked.received.len() > MOST_RECEIVED {
            provider.asked.received.pop_front();
        }
        provider.script.next()
    };
    let Some(step) = served else {
        return Ok((Duration::ZERO, Act::Normal, None));
    };
    let decision = step.served.then(|| decide(providers, name, headers, body)).flatten();
    Ok((step.delay, step.act, decision))
}

/// Acts, unless this message was acted upon before. None where the provider was forgotten meanwhile.
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
    *provider.asked.effects.entry(effect).or_default() += 1;
    let decisions = &provider.setup.decisions;
    let answer = decisions.get(order).unwrap_or(&provider.setup.decision).clone();
    provider.answers.insert(id.to_owned(), answer.clone());
    Some(answer)
}
