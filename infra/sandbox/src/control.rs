//! Scripting and call recording: `/_control/{partner}/{operation}`, for every operation of every partner.
//!
//! - `PUT` replaces the script (see [`crate::script`]) and answers `{"scripted": n}`.
//! - `GET .../calls` lists what arrived, in order; `status` is null until the call was answered, and stays null after
//!   a reset.
//! - `GET /_control/calls` counts them: `{partner: {operation: n}}`, also those that are too many to be listed.
//! - `DELETE` forgets the script and the calls of one operation, `DELETE /_control` those of all. The partners' own
//!   state (their quotes, their proposals, their numbering) is theirs and stays.
//!
//! `GET /_control/{partner}/searches` is how many credit searches each of our references led to, `PUT
//! /_control/{partner}/proposals/{reference}` decides a proposal (see [`crate::proposals`]), `/_control/{partner}/state/...`
//! is the partner's own (see [`crate::bqs`]), as `/_control/mmob/orders` is (see [`crate::mmob`]), `POST /_control/webhooks` sends a webhook (see [`crate::webhook`]).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use crate::answer;
use crate::proposals::{Decision, Proposals};
use crate::script::{self, Act, Script, Step};
use crate::server::{self, Asked, Stage};

/// Bounds what is remembered, for soak tests: the newest calls, and of those no more than this many bytes.
const MOST_CALLS: usize = 10_000;
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// A partner's name and one of its operations.
type Key = (&'static str, &'static str);

/// The scripts and the recorded calls.
pub struct Board {
    state: Mutex<Remembered>,
}

struct Remembered {
    operations: HashMap<Key, Operation>,
    calls: VecDeque<Arc<Call>>,
    bytes: usize,
}

#[derive(Default)]
struct Operation {
    script: Script,
    /// How many there were.
    calls: u64,
}

/// What a call found when it arrived.
pub struct Arrival {
    pub call: Arc<Call>,
    /// The partner serves the call before anything else happens.
    pub served: bool,
    pub delay: Duration,
    pub act: Act,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Answered {
    Scripted,
    Normal,
    Reset,
}

#[derive(Serialize)]
pub struct Call {
    #[serde(skip)]
    key: Key,
    #[serde(serialize_with = "milliseconds")]
    at: Timestamp,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// Known on arrival; for a call that is still delayed it says how it will be answered.
    answered: Answered,
    #[serde(serialize_with = "if_set")]
    status: OnceLock<u16>,
}

fn milliseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

fn if_set<S: Serializer>(status: &OnceLock<u16>, serializer: S) -> Result<S::Ok, S::Error> {
    status.get().serialize(serializer)
}

impl Call {
    fn new(key: Key, asked: &Asked, answered: Answered) -> Self {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &asked.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let line = headers.entry(name.as_str().to_owned()).or_default();
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(&value);
        }
        Self {
            key,
            at: asked.at,
            method: asked.method.to_string(),
            path: asked.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            headers,
            body: String::from_utf8_lossy(&asked.body).into_owned(),
            answered,
            status: OnceLock::new(),
        }
    }

    pub fn answered(&self, status: StatusCode) {
        // Only the task that serves the call sets it, once.
        let _ = self.status.set(status.as_u16());
    }

    fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        headers + self.path.len() + self.body.len()
    }
}

impl Board {
    pub fn new(operations: impl Iterator<Item = Key>) -> Self {
        let operations = operations.map(|key| (key, Operation::default())).collect();
        Self {
            state: Mutex::new(Remembered {
                operations,
                calls: VecDeque::new(),
                bytes: 0,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, Remembered> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and takes its step of the script, in one go: the order of the calls is the order of the script.
    /// A call that is refused anyway leaves the script alone.
    pub fn arrive(&self, partner: &'static str, operation: &'static str, asked: &Asked, scriptable: bool) -> Arrival {
        let key = (partner, operation);
        let mut state = self.state();
        let step = if scriptable { state.next_step(key) } else { None };
        let (served, delay, act) = step.map_or((false, Duration::ZERO, Act::Normal), |step| {
            (step.served, step.delay, step.act)
        });
        let answered = match act {
            Act::Normal => Answered::Normal,
            Act::Reset => Answered::Reset,
            Act::Reply(_) => Answered::Scripted,
        };
        let call = Arc::new(Call::new(key, asked, answered));
        state.remember(Arc::clone(&call));
        Arrival {
            call,
            served,
            delay,
            act,
        }
    }

    pub fn recorded(&self, key: Key) -> Vec<Arc<Call>> {
        self.state()
            .calls
            .iter()
            .filter(|call| call.key == key)
            .cloned()
            .collect()
    }

    /// The operation's key, or a refusal that names those that exist.
    fn key(&self, partner: &str, operation: &str) -> Result<Key, Box<Response>> {
        let state = self.state();
        let found = state
            .operations
            .keys()
            .find(|key| **key == (partner, operation))
            .copied();
        found.ok_or_else(|| {
            let mut known: Vec<_> = state
                .operations
                .keys()
                .map(|(partner, name)| format!("{partner}/{name}"))
                .collect();
            known.sort();
            let message = format!("no operation {partner}/{operation}; known: {}", known.join(", "));
            Box::new(answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", message))
        })
    }
}

impl Remembered {
    fn next_step(&mut self, key: Key) -> Option<Step> {
        self.operations.get_mut(&key)?.script.next()
    }

    fn remember(&mut self, call: Arc<Call>) {
        if let Some(operation) = self.operations.get_mut(&call.key) {
            operation.calls += 1;
        }
        self.bytes += call.bytes();
        self.calls.push_back(call);
        while self.calls.len() > MOST_CALLS || self.bytes > MOST_BYTES {
            let Some(oldest) = self.calls.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// Forgets the scripts and calls of the operations that `affected` picks.
    fn forget(&mut self, affected: impl Fn(Key) -> bool) {
        for (key, operation) in &mut self.operations {
            if affected(*key) {
                *operation = Operation::default();
            }
        }
        self.calls.retain(|call| !affected(call.key));
        self.bytes = self.calls.iter().map(|call| call.bytes()).sum();
    }
}

pub async fn script(
    State(stage): State<Arc<Stage>>,
    Path((partner, operation)): Path<(String, String)>,
    request: Request,
) -> Response {
    let key = match stage.board.key(&partner, &operation) {
        Ok(key) => key,
        Err(refusal) => return *refusal,
    };
    let body = match server::read(request.into_body()).await {
        Ok(body) => body,
        Err(refusal) => return *refusal,
    };
    match script::read(&body) {
        Ok(steps) => {
            let scripted = steps.len();
            if let Some(operation) = stage.board.state().operations.get_mut(&key) {
                operation.script = Script::new(steps);
            }
            answer::json(StatusCode::OK, &json!({ "scripted": scripted }))
        }
        Err(reason) => answer::error(StatusCode::BAD_REQUEST, "BAD_SCRIPT", reason),
    }
}

pub async fn calls(State(stage): State<Arc<Stage>>, Path((partner, operation)): Path<(String, String)>) -> Response {
    match stage.board.key(&partner, &operation) {
        Ok(key) => {
            let calls = stage.board.recorded(key);
            let calls: Vec<&Call> = calls.iter().map(AsRef::as_ref).collect();
            answer::json(StatusCode::OK, &calls)
        }
        Err(refusal) => *refusal,
    }
}

pub async fn counts(State(stage): State<Arc<Stage>>) -> Response {
    let mut counts: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for ((partner, name), operation) in &stage.board.state().operations {
        counts.entry(partner).or_default().insert(name, operation.calls);
    }
    answer::json(StatusCode::OK, &counts)
}

pub async fn searches(State(stage): State<Arc<Stage>>, Path(partner): Path<String>) -> Response {
    match proposals(&stage, &partner) {
        Ok(proposals) => answer::json(StatusCode::OK, &proposals.searches()),
        Err(refusal) => *refusal,
    }
}

fn proposals<'a>(stage: &'a Stage, partner: &str) -> Result<&'a Proposals, Box<Response>> {
    let proposals = stage.partner(partner)?.proposals();
    proposals.ok_or_else(|| not_found(format!("{partner} takes no proposals")))
}

fn not_found(message: String) -> Box<Response> {
    Box::new(answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", message))
}

pub async fn state(
    State(stage): State<Arc<Stage>>,
    Path((partner, what)): Path<(String, String)>,
    method: Method,
    body: Bytes,
) -> Response {
    let state = stage
        .partner(&partner)
        .map(|partner| partner.state(&method, &what, &body));
    match state {
        Ok(Some(response)) => response,
        Ok(None) => *not_found(format!("{partner} has nothing for {method} {what}")),
        Err(refusal) => *refusal,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verdict {
    status: Decision,
    reason: Option<String>,
}

pub async fn decide(
    State(stage): State<Arc<Stage>>,
    Path((partner, reference)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let proposals = match proposals(&stage, &partner) {
        Ok(proposals) => proposals,
        Err(refusal) => return *refusal,
    };
    let Verdict { status, reason } = match serde_json::from_slice(&body) {
        Ok(verdict) => verdict,
        Err(error) => return answer::error(StatusCode::BAD_REQUEST, "BAD_DECISION", error.to_string()),
    };
    if proposals.decide(&reference, status, reason) {
        answer::json(StatusCode::OK, &json!({ "status": status }))
    } else {
        *not_found(format!("{partner} has no proposal {reference}"))
    }
}

pub async fn clear(State(stage): State<Arc<Stage>>, Path((partner, operation)): Path<(String, String)>) -> Response {
    match stage.board.key(&partner, &operation) {
        Ok(key) => {
            stage.board.state().forget(|other| other == key);
            cleared()
        }
        Err(refusal) => *refusal,
    }
}

pub async fn clear_all(State(stage): State<Arc<Stage>>) -> Response {
    stage.board.state().forget(|_| true);
    cleared()
}

fn cleared() -> Response {
    answer::json(StatusCode::OK, &json!({ "scripted": 0 }))
}
