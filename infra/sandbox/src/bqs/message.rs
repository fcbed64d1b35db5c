//! Tells the hub what becomes of a case: one message at a time, again until it is taken.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::webhook::{self, Delivery};

/// A message that is not taken is sent so often, a second apart.
const TRIES: usize = 5;
/// Bounds memory: the oldest are forgotten.
const MOST: usize = 10_000;

/// Where messages go.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// The whole address of the message route.
    url: String,
    api_key: String,
    /// Milliseconds between what happened and the message of it.
    #[serde(default = "soon")]
    after: u64,
    /// Each message is sent so often.
    #[serde(default = "once")]
    times: u32,
}

fn soon() -> u64 {
    500
}

fn once() -> u32 {
    1
}

/// A message and how each of its deliveries ended.
#[derive(Serialize)]
pub struct Told {
    pub body: Value,
    pub deliveries: Vec<Delivery>,
}

struct Errand {
    receipt: Receipt,
    due: Instant,
    body: Value,
}

pub struct Messenger {
    errands: Sender<Errand>,
    told: Arc<Mutex<Vec<Told>>>,
}

impl Messenger {
    pub fn start() -> Self {
        let (errands, queue) = mpsc::channel();
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let log = Arc::clone(&told);
        thread::spawn(move || run(&queue, &log));
        Self { errands, told }
    }

    pub fn tell(&self, receipt: Receipt, body: Value) {
        let due = Instant::now() + Duration::from_millis(receipt.after);
        // Nobody reads any more only when the process ends.
        let _ = self.errands.send(Errand { receipt, due, body });
    }

    /// Everything told so far, as JSON.
    pub fn told(&self) -> Value {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_value(&*told).unwrap_or_default()
    }
}

fn run(queue: &Receiver<Errand>, log: &Mutex<Vec<Told>>) {
    while let Ok(Errand { receipt, due, body }) = queue.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let deliveries = (0..receipt.times).flat_map(|_| deliver(&receipt, &body.to_string()));
        let deliveries = deliveries.collect();
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == MOST {
            log.remove(0);
        }
        log.push(Told { body, deliveries });
    }
}

fn deliver(receipt: &Receipt, body: &str) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    while deliveries.len() < TRIES {
        if !deliveries.is_empty() {
            thread::sleep(Duration::from_secs(1));
        }
        let delivery = webhook::post(&receipt.url, &[("x-api-key", &receipt.api_key)], body);
        let taken = matches!(delivery, Delivery::Answered { status: 200..=299, .. });
        deliveries.push(delivery);
        if taken {
            break;
        }
    }
    deliveries
}

/// What the spec's sample of a message has, as far as a simulator knows it.
pub fn body(sequence: u64, document: &serde_json::Map<String, Value>, news: &News, at: Timestamp) -> Value {
    json!({ "case": {
        "externalCaseId": document.get("externalSystemReference"),
        "preViewCaseId": sequence,
        "dealerNumber": document.get("dealer"),
        "timestamp": at,
        "caseState": { "state": news.state, "stateMessage": news.message },
        "caseActivity": [{ "activityName": news.activity, "activityCode": news.code, "completed": true }],
    }})
}

/// What there is to tell.
pub struct News {
    state: &'static str,
    message: &'static str,
    activity: &'static str,
    code: u32,
}

/// An organization number that ends in 0 is declined, everybody else approved.
pub fn scored(organization: &str) -> News {
    let declined = organization.ends_with('0');
    News {
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

pub fn consented() -> News {
    News {
        state: "Consented",
        message: "The customer has consented",
        activity: "Consent",
        code: 102,
    }
}
