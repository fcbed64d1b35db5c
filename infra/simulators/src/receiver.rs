//! Receives the events of a subscription: `POST /_receiver/{name}`, for any name. It checks each as `docs/partners.md`
//! asks of a subscriber.
//!
//! - `PUT /_control/receivers/{name}` with `{"data": {"secret"}}`, as the response that created the subscription has it, sets a
//!   receiver up and forgets the earlier one of that name. Other members are ignored, so the response can be sent as it is.
//! - `PUT /_control/receivers/{name}/script` with a script (see [`crate::script`]) sets its next answers. An event that the
//!   script leaves alone gets 204, or 401 if its signature is wrong.
//! - `GET /_control/receivers/{name}` answers `{"received": [{at, id, attempt, status, problem?, body}]}` in order of arrival.
//!   `attempt` counts the requests with this `webhook-id`. `status` is the answer, null for a reset. `problem` says what is
//!   wrong with the signature.
//! - `DELETE` forgets the receiver.

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
use serde_json::{Value, json};

use crate::script::{self, Action, Script};
use crate::socket::ResetHandle;
use crate::{answer, clock, signature};

/// Bounds memory: the oldest events are dropped first.
const MAX_RECEIVED: usize = 1_000;

type Receivers = Arc<Mutex<BTreeMap<String, Receiver>>>;

struct Receiver {
    secret: String,
    script: Script,
    attempts: BTreeMap<String, u32>,
    received: VecDeque<ReceivedEvent>,
}

#[derive(Deserialize)]
struct NewReceiver {
    data: NewSubscription,
}

#[derive(Deserialize)]
struct NewSubscription {
    secret: String,
}

#[derive(Serialize)]
struct ReceivedEvent {
    at: String,
    id: Option<String>,
    attempt: u32,
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    body: Value,
}

pub fn routes<S>() -> Router<S> {
    Router::new()
        .route("/_control/receivers/{name}", put(set_up).get(show).delete(forget))
        .route("/_control/receivers/{name}/script", put(set_script))
        .route("/_receiver/{name}", post(receive))
        .with_state(Receivers::default())
}

fn locked(receivers: &Receivers) -> MutexGuard<'_, BTreeMap<String, Receiver>> {
    receivers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bad(reason: impl Into<String>) -> Response {
    answer::error(StatusCode::BAD_REQUEST, "BAD_RECEIVER", reason)
}

fn absent(name: &str) -> Response {
    answer::not_found(format!("no receiver {name}: PUT /_control/receivers/{name} sets it up"))
}

async fn set_up(State(receivers): State<Receivers>, Path(name): Path<String>, body: Bytes) -> Response {
    let secret = match serde_json::from_slice::<NewReceiver>(&body) {
        Ok(new) => new.data.secret,
        Err(error) => return bad(format!("send the response that created the subscription: {error}")),
    };
    if let Err(reason) = signature::decode_secret(&secret) {
        return bad(reason);
    }
    let receiver = Receiver {
        secret,
        script: Script::default(),
        attempts: BTreeMap::new(),
        received: VecDeque::new(),
    };
    locked(&receivers).insert(name.clone(), receiver);
    answer::json(StatusCode::OK, &json!({ "path": format!("/_receiver/{name}") }))
}

async fn set_script(State(receivers): State<Receivers>, Path(name): Path<String>, body: Bytes) -> Response {
    let steps = match script::read(&body) {
        Ok(steps) => steps,
        Err(reason) => return bad(reason),
    };
    let scripted = steps.len();
    match locked(&receivers).get_mut(&name) {
        Some(receiver) => receiver.script = Script::new(steps),
        None => return absent(&name),
    }
    answer::json(StatusCode::OK, &json!({ "scripted": scripted }))
}

async fn show(State(receivers): State<Receivers>, Path(name): Path<String>) -> Response {
    match locked(&receivers).get(&name) {
        Some(receiver) => answer::json(StatusCode::OK, &json!({ "received": receiver.received })),
        None => absent(&name),
    }
}

async fn forget(State(receivers): State<Receivers>, Path(name): Path<String>) -> Response {
    match locked(&receivers).remove(&name) {
        Some(_) => answer::json(StatusCode::OK, &json!({})),
        None => absent(&name),
    }
}

async fn receive(
    State(receivers): State<Receivers>,
    Path(name): Path<String>,
    ConnectInfo(connection): ConnectInfo<ResetHandle>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let planned = locked(&receivers)
        .get_mut(&name)
        .map(|receiver| receiver.take(&headers, &body));
    let Some((delay, response)) = planned else {
        return absent(&name);
    };
    tokio::time::sleep(delay).await;
    response.unwrap_or_else(|| {
        connection.reset();
        Response::default()
    })
}

impl Receiver {
    /// Verifies and lists an event. Returns the response, which is `None` for a reset, and the delay before it.
    fn take(&mut self, headers: &HeaderMap, body: &[u8]) -> (Duration, Option<Response>) {
        let now = clock::now();
        let problem = signature::verify(&self.secret, headers, body, now.as_second()).err();
        let (delay, action) = self
            .script
            .next()
            .map_or((Duration::ZERO, Action::Normal), |step| (step.delay, step.action));
        let response = match action {
            Action::Normal => Some(problem.as_ref().map_or_else(
                || StatusCode::NO_CONTENT.into_response(),
                |reason| answer::error(StatusCode::UNAUTHORIZED, "BAD_SIGNATURE", reason),
            )),
            Action::Reply(reply) => Some(reply.into_response()),
            Action::Reset => None,
        };
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok());
        let attempt = id.map_or(1, |id| {
            let attempts = self.attempts.entry(id.to_owned()).or_default();
            *attempts += 1;
            *attempts
        });
        self.received.push_back(ReceivedEvent {
            at: format!("{now:.3}"),
            id: id.map(str::to_owned),
            attempt,
            status: response.as_ref().map(|response| response.status().as_u16()),
            problem,
            body: serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into()),
        });
        if self.received.len() > MAX_RECEIVED {
            self.received.pop_front();
        }
        (delay, response)
    }
}
