//! Holds each operation's script and records the calls.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::answer;
use crate::partner::IncomingRequest;
use crate::script::{Action, Script, Step};

/// Bound memory in soak tests: the recorder drops the oldest calls beyond either of these.
const MAX_CALLS: usize = 10_000;
const MAX_BYTES: usize = 128 * 1024 * 1024;

/// The hub sends it with every call.
const CORRELATION: &str = "x-correlation-id";

/// A partner's name and one of its operations.
pub type OperationKey = (&'static str, &'static str);

pub struct Recorder {
    records: Mutex<Records>,
}

struct Records {
    operations: HashMap<OperationKey, OperationRecord>,
    calls: VecDeque<Arc<RecordedCall>>,
    bytes: usize,
}

#[derive(Default)]
struct OperationRecord {
    script: Script,
    /// Scripts for the calls with one correlation id. They come before `script`.
    scripts_by_correlation: HashMap<String, Script>,
    /// Counts every call, also those that `calls` has dropped.
    count: u64,
}

/// A recorded call and the script's step for it.
pub struct PlannedCall {
    pub call: Arc<RecordedCall>,
    /// The partner serves the call before the delay and the action.
    pub served: bool,
    pub delay: Duration,
    pub action: Action,
}

/// How a call is answered.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum AnswerKind {
    Scripted,
    Normal,
    Reset,
}

#[derive(Serialize)]
pub struct RecordedCall {
    #[serde(skip)]
    key: OperationKey,
    #[serde(serialize_with = "milliseconds")]
    at: Timestamp,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    /// Known on arrival, before a delayed response is sent.
    answered: AnswerKind,
    #[serde(serialize_with = "if_set")]
    status: OnceLock<u16>,
}

fn milliseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

fn if_set<S: Serializer>(status: &OnceLock<u16>, serializer: S) -> Result<S::Ok, S::Error> {
    status.get().serialize(serializer)
}

impl RecordedCall {
    fn new(key: OperationKey, request: &IncomingRequest, answered: AnswerKind) -> Self {
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &request.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let line = headers.entry(name.as_str().to_owned()).or_default();
            if !line.is_empty() {
                line.push_str(", ");
            }
            line.push_str(&value);
        }
        Self {
            key,
            at: request.at,
            method: request.method.to_string(),
            path: request
                .uri
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            headers,
            body: String::from_utf8_lossy(&request.body).into_owned(),
            answered,
            status: OnceLock::new(),
        }
    }

    pub fn set_status(&self, status: StatusCode) {
        // Cannot fail: only the task that serves the call sets the status, and it does so one time.
        let _ = self.status.set(status.as_u16());
    }

    fn has_correlation(&self, correlation: Option<&str>) -> bool {
        correlation.is_none_or(|wanted| self.headers.get(CORRELATION).is_some_and(|own| own == wanted))
    }

    fn bytes(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        headers + self.path.len() + self.body.len()
    }
}

impl Recorder {
    pub fn new(operations: impl Iterator<Item = OperationKey>) -> Self {
        let operations = operations.map(|key| (key, OperationRecord::default())).collect();
        Self {
            records: Mutex::new(Records {
                operations,
                calls: VecDeque::new(),
                bytes: 0,
            }),
        }
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and takes its step of the script under one lock, so that calls take steps in the order in which
    /// they are listed. A call that the server has refused already (`scriptable` is false) takes no step.
    pub fn record(&self, key: OperationKey, request: &IncomingRequest, scriptable: bool) -> PlannedCall {
        let mut records = self.records();
        let step = scriptable.then(|| records.next_step(key, request.header(CORRELATION)));
        let step = step.flatten();
        let (served, delay, action) = step.map_or((false, Duration::ZERO, Action::Normal), |step| {
            (step.served, step.delay, step.action)
        });
        let answered = match action {
            Action::Normal => AnswerKind::Normal,
            Action::Reset => AnswerKind::Reset,
            Action::Reply(_) => AnswerKind::Scripted,
        };
        let call = Arc::new(RecordedCall::new(key, request, answered));
        records.add(Arc::clone(&call));
        PlannedCall {
            call,
            served,
            delay,
            action,
        }
    }

    /// Replaces the operation's script, or its script for the calls with this correlation id.
    pub fn set_script(&self, key: OperationKey, correlation: Option<String>, steps: Vec<Step>) {
        if let Some(operation) = self.records().operations.get_mut(&key) {
            let script = Script::new(steps);
            match correlation {
                Some(correlation) => drop(operation.scripts_by_correlation.insert(correlation, script)),
                None => operation.script = script,
            }
        }
    }

    /// The operation's calls, or those with this correlation id.
    pub fn calls(&self, key: OperationKey, correlation: Option<&str>) -> Vec<Arc<RecordedCall>> {
        let records = self.records();
        let calls = records.calls.iter().filter(|call| call.key == key);
        calls
            .filter(|call| call.has_correlation(correlation))
            .cloned()
            .collect()
    }

    /// The number of calls, by partner and operation.
    pub fn counts(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        let mut counts = BTreeMap::<_, BTreeMap<_, _>>::new();
        for ((partner, name), operation) in &self.records().operations {
            counts.entry(*partner).or_default().insert(*name, operation.count);
        }
        counts
    }

    pub fn clear(&self, key: OperationKey) {
        self.records().forget(|other| other == key);
    }

    pub fn clear_partner(&self, partner: &str) {
        self.records().forget(|(other, _)| other == partner);
    }

    pub fn clear_all(&self) {
        self.records().forget(|_| true);
    }

    /// Returns the operation's key, or a 404 that lists the known operations.
    pub fn key(&self, partner: &str, operation: &str) -> Result<OperationKey, Box<Response>> {
        let records = self.records();
        let mut keys = records.operations.keys();
        let found = keys.find(|key| **key == (partner, operation)).copied();
        found.ok_or_else(|| {
            let keys = records.operations.keys();
            let mut known: Vec<_> = keys.map(|(partner, name)| format!("{partner}/{name}")).collect();
            known.sort();
            let message = format!("no operation {partner}/{operation}; known: {}", known.join(", "));
            Box::new(answer::not_found(message))
        })
    }
}

impl Records {
    fn next_step(&mut self, key: OperationKey, correlation: Option<&str>) -> Option<Step> {
        let operation = self.operations.get_mut(&key)?;
        let own = correlation.and_then(|correlation| operation.scripts_by_correlation.get_mut(correlation));
        own.and_then(Script::next).or_else(|| operation.script.next())
    }

    fn add(&mut self, call: Arc<RecordedCall>) {
        if let Some(operation) = self.operations.get_mut(&call.key) {
            operation.count += 1;
        }
        self.bytes += call.bytes();
        self.calls.push_back(call);
        while self.calls.len() > MAX_CALLS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.calls.pop_front() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    /// Forgets the scripts, counts and calls of the operations that `affected` selects.
    fn forget(&mut self, affected: impl Fn(OperationKey) -> bool) {
        for (key, operation) in &mut self.operations {
            if affected(*key) {
                *operation = OperationRecord::default();
            }
        }
        self.calls.retain(|call| !affected(call.key));
        self.bytes = self.calls.iter().map(|call| call.bytes()).sum();
    }
}
