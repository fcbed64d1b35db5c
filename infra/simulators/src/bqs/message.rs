//! Sends the hub a message about each event of a case. Sends one message at a time and retries it until the hub accepts
//! it.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::delivery::{self, Delivery};

/// The attempts for one message, a second apart.
const MAX_ATTEMPTS: usize = 5;
/// Bounds memory: the oldest messages are dropped first.
const MAX_MESSAGES: usize = 10_000;

/// The hub's message route, and how to send to it.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageTarget {
    /// The whole address of the message route.
    url: String,
    api_key: String,
    /// Milliseconds between the event and its message.
    #[serde(default = "default_delay")]
    after: u64,
    /// The number of times that each message is sent.
    #[serde(default = "default_times")]
    times: u32,
}

fn default_delay() -> u64 {
    500
}

fn default_times() -> u32 {
    1
}

/// A message and the result of each delivery.
#[derive(Serialize)]
struct SentMessage {
    body: Value,
    deliveries: Vec<Delivery>,
}

struct QueuedMessage {
    target: MessageTarget,
    due: Instant,
    body: Value,
}

pub struct MessageSender {
    queue: Sender<QueuedMessage>,
    sent: Arc<Mutex<Vec<SentMessage>>>,
}

impl MessageSender {
    pub fn start() -> Self {
        let (queue, messages) = mpsc::channel();
        let sent = Arc::<Mutex<Vec<SentMessage>>>::default();
        let log = Arc::clone(&sent);
        thread::spawn(move || run(&messages, &log));
        Self { queue, sent }
    }

    pub fn send(&self, target: MessageTarget, body: Value) {
        let due = Instant::now() + Duration::from_millis(target.after);
        // Fails only while the process ends, when no thread receives any more.
        let _ = self.queue.send(QueuedMessage { target, due, body });
    }

    /// Every message sent so far, as JSON.
    pub fn sent(&self) -> Value {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_value(&*sent).unwrap_or_default()
    }
}

fn run(messages: &Receiver<QueuedMessage>, log: &Mutex<Vec<SentMessage>>) {
    while let Ok(QueuedMessage { target, due, body }) = messages.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let deliveries = (0..target.times).flat_map(|_| deliver(&target, &body.to_string()));
        let deliveries = deliveries.collect();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == MAX_MESSAGES {
            log.remove(0);
        }
        log.push(SentMessage { body, deliveries });
    }
}

fn deliver(target: &MessageTarget, body: &str) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < MAX_ATTEMPTS {
        if !deliveries.is_empty() {
            thread::sleep(Duration::from_secs(1));
        }
        let delivery = delivery::post(&target.url, &[("x-api-key", &target.api_key)], body);
        let accepted = delivery.is_accepted();
        deliveries.push(delivery);
        if accepted {
            break;
        }
    }
    deliveries
}

/// Builds a message with the members of the spec's sample that the simulator knows.
pub fn body(sequence: u64, document: &serde_json::Map<String, Value>, event: &CaseEvent, at: Timestamp) -> Value {
    json!({ "case": {
        "externalCaseId": document.get("externalSystemReference"),
        "preViewCaseId": sequence,
        "dealerNumber": document.get("dealer"),
        "timestamp": at,
        "caseState": { "state": event.state, "stateMessage": event.message },
        "caseActivity": [{ "activityName": event.activity, "activityCode": event.code, "completed": true }],
    }})
}

/// An event that the hub receives a message about.
pub struct CaseEvent {
    state: &'static str,
    message: &'static str,
    activity: &'static str,
    code: u32,
}

/// Declines an organization number that ends in 0 and approves any other.
pub fn scored(organization: &str) -> CaseEvent {
    let declined = organization.ends_with('0');
    CaseEvent {
        state: if declined { "Declined" } else { "Approved" },
        message: if declined {
            "The score is too low"
        } else {
            "The score is good"
        },
        activity: "Scoring",
        code: 101,
    }
}

pub fn consented() -> CaseEvent {
    CaseEvent {
        state: "Consented",
        message: "The customer has consented",
        activity: "Consent",
        code: 102,
    }
}
