//! The worker with cases to forward, its queue and an upstream.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use model::event::EventType;
use model::id::CorrelationId;
use model::json::Document;
use runtime::port::Ports;
use runtime::port::blob::{Blobs, sha256};
use runtime::port::scanner::ScanVerdict;
use runtime::port::store::{self, Item, Key, Store, Written};
use runtime::testing::Harness;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::document;
use super::fake_upstream::FakeUpstream;
use crate::Env;
use crate::case::refused::DocumentRefusal;
use crate::case::row::{CaseRow, ChangeKind, Run, Sequence};
use crate::document::StoredDocument;
use crate::forward::ForwarderWake;
use crate::forward::row::ForwardRow;
use crate::testing::harness;

pub const CASE: &str = r#"{"agreementCode":3700,"brandCode":10,"dealer":808,"calculation":{"downPayment":250000.00}}"#;
/// SQS delivers a message that is not done again after this.
const VISIBILITY: Duration = Duration::from_secs(180);
/// SQS moves a message to the dead letters after so many deliveries.
const RECEIVES: u32 = 5;

pub struct Simulation {
    pub hub: Harness<Env>,
    pub upstream: Arc<FakeUpstream>,
}

/// A message in the queue.
#[derive(Clone, Debug)]
pub struct Message {
    pub due: Instant,
    pub body: String,
    pub deliveries: u32,
}

impl Simulation {
    /// With an upstream that makes a change once per idempotency key, or does not. The settings agree.
    pub fn new(idempotent: bool) -> Self {
        Self::with(idempotent, &[])
    }

    pub fn with(idempotent: bool, more: &[(&str, &str)]) -> Self {
        let settings = [
            ("BQS_UPSTREAM_URL", "https://bqs.test/v1/bqs-case"),
            ("BQS_UPSTREAM_SECRET", "bqs-upstream"),
            ("BQS_UPSTREAM_IDEMPOTENT", if idempotent { "true" } else { "false" }),
        ];
        let hub = harness();
        let upstream = Arc::new(FakeUpstream::new(idempotent, Arc::clone(&hub.fakes.scanner)));
        let transport = Arc::clone(&upstream);
        let hub = hub
            .secret("bqs-upstream", &json!({"BQS_API_KEY": "test-upstream-key"}))
            .with(&settings)
            .with(more)
            .ports(move |ports| Ports {
                transport: transport.clone(),
                ..ports
            });
        // Other tasks run between its steps.
        let hub = hub.crash_after(u32::MAX);
        Self { hub, upstream }
    }

    /// A new instance on the same fakes that crashes after this many steps.
    pub fn crash_after(&self, steps: u32) -> Self {
        Self {
            hub: self.hub.crash_after(steps),
            upstream: Arc::clone(&self.upstream),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.hub.now()
    }

    /// Stores a case with so many changes of every kind.
    pub fn case(&self, sequence: u64, changes: u64) -> Sequence {
        let sequence = Sequence(sequence);
        let document = Document::stored(CASE).unwrap();
        let mut row = CaseRow::new(sequence, "dealer", &document, self.now()).unwrap();
        for n in 1..=changes {
            self.change(&mut row, n);
        }
        sequence
    }

    pub fn change(&self, row: &mut CaseRow, n: u64) {
        let organization = r#"{"organizationNumber":"1"}"#;
        let (kind, body) = match n {
            1 => (ChangeKind::Create, CASE.to_owned()),
            n => match n % 4 {
                0 => {
                    row.note_document(document::id(row.sequence.0, n), "123");
                    (ChangeKind::Document, self.document(row.sequence.0, n))
                }
                1 => {
                    assert!(row.start(Run::Consent, &n.to_string(), self.now()).unwrap());
                    (ChangeKind::Consent, organization.to_owned())
                }
                2 => (ChangeKind::Update, format!(r#"{{"calculation":{{"duration":{n}}}}}"#)),
                _ => {
                    assert!(row.start(Run::Score, &n.to_string(), self.now()).unwrap());
                    (ChangeKind::Score, organization.to_owned())
                }
            },
        };
        let correlation = CorrelationId::new(self.now());
        let writes = row
            .change(&self.hub.env(), kind, body, correlation, self.now())
            .unwrap();
        let written = self.hub.fakes.store.write(writes).now_or_never().unwrap();
        assert_eq!(written.unwrap(), Written::Done);
    }

    /// Stores a document's file and returns the body of its change.
    fn document(&self, case: u64, n: u64) -> String {
        let (id, bytes) = (document::id(case, n), "%PDF-1.4");
        let stored = StoredDocument {
            document_id: id,
            code: "123".into(),
            media_type: "application/pdf".into(),
            size: 8,
            sha256: sha256(bytes.as_bytes()),
            key: document::key(case, n),
        };
        let files = &self.hub.fakes.files;
        let put = files.put("documents", &stored.key, &stored.media_type, bytes.into());
        put.now_or_never().unwrap().unwrap();
        stored.render().unwrap()
    }

    /// The scanner has this verdict on the document of a change from now on.
    pub fn scan(&self, case: Sequence, n: u64, verdict: ScanVerdict) {
        self.hub.fakes.scanner.set(&document::key(case.0, n), verdict);
    }

    /// The documents that the case shows as refused, oldest first.
    pub fn refused(&self, case: Sequence) -> Vec<(Uuid, DocumentRefusal)> {
        let row: CaseRow = store::typed(self.rows(case, "CASE").remove(0)).unwrap();
        let refused = row.refused.last.into_iter();
        refused
            .map(|document| (document.document_id, document.reason))
            .collect()
    }

    /// The events about a case, each once, as their type and data in the order of their publication.
    pub fn events(&self, case: Sequence) -> Vec<(EventType, Value)> {
        let (mut seen, mut events) = (BTreeSet::new(), Vec::new());
        for event in self.hub.fakes.bus.published() {
            let data: Value = serde_json::from_str(event.data.get()).unwrap();
            if data["sequence"] == case.0 && seen.insert(event.id.to_string()) {
                events.push((event.kind, data));
            }
        }
        events
    }

    /// Checks that the case's events tell whether it is held now.
    pub fn check_events(&self, case: Sequence) {
        let (row, events) = (self.row(case), self.events(case));
        let count = |wanted| events.iter().filter(|(kind, _)| *kind == wanted).count();
        let open = count(EventType::CaseHeld) - count(EventType::CaseResumed);
        assert_eq!(open, usize::from(row.held.is_some()), "case {case}: {events:?}");
        assert!(row.notices.is_empty(), "case {case}: {:?}", row.notices);
    }

    /// Delivers a message. True if it is done; None if the instance crashed.
    pub async fn deliver(&self, body: &str, deliveries: u32) -> Option<bool> {
        self.hub.redeliver("bqs-forward", body, deliveries).await
    }

    pub async fn wake(&self, sequence: Sequence) -> Option<bool> {
        let body = serde_json::to_string(&ForwarderWake::of(sequence)).unwrap();
        self.deliver(&body, 1).await
    }

    /// Takes the messages that the worker sent.
    pub fn sent(&self) -> Vec<Message> {
        let sent = self.hub.fakes.queue.take().into_iter();
        sent.map(|sent| {
            assert_eq!(sent.url, "forward", "{sent:?}");
            Message {
                due: Instant::now() + Duration::from_secs(sent.delay.as_secs().min(900)),
                body: sent.body,
                deliveries: 0,
            }
        })
        .collect()
    }

    /// Delivers messages until the queue is empty or this much time has passed. Returns the time that it took.
    pub async fn settle(&self, mut queue: Vec<Message>, limit: Duration) -> Duration {
        self.work(&mut queue, limit).await
    }

    /// The same, and leaves the messages that are due later.
    pub async fn work(&self, queue: &mut Vec<Message>, limit: Duration) -> Duration {
        let began = Instant::now();
        queue.extend(self.sent());
        while let Some(place) = earliest(queue) {
            if queue[place].due > began + limit {
                break;
            }
            let message = queue.swap_remove(place);
            tokio::time::sleep_until(message.due).await;
            let done = self.deliver(&message.body, message.deliveries + 1).await;
            queue.extend(again(message, done));
            queue.extend(self.sent());
        }
        began.elapsed()
    }

    pub fn row(&self, sequence: Sequence) -> ForwardRow {
        let key = Key::new("cases", format!("CASE#{sequence}"), Some("FORWARD"));
        let row = self.hub.fakes.store.get(&key, true).now_or_never().unwrap();
        store::typed(row.unwrap().unwrap()).unwrap()
    }

    /// The rows of a case whose sort keys have this prefix.
    pub fn rows(&self, sequence: Sequence, prefix: &str) -> Vec<Item> {
        let rows = self.hub.fakes.store.table("cases").into_iter();
        let pk = format!("CASE#{sequence}");
        let own = rows.filter(|row| *row["pk"].as_s().unwrap() == pk);
        own.filter(|row| row["sk"].as_s().unwrap().starts_with(prefix))
            .collect()
    }

    /// `retryCount` of each call in the log, in the order of the calls.
    pub fn retry_counts(&self) -> Vec<u32> {
        let mut rows = self.hub.fakes.store.table("log");
        rows.sort_by_key(|row| row["sk"].as_s().unwrap().clone());
        let counts = rows
            .iter()
            .map(|row| row["retryCount"].as_n().unwrap().parse().unwrap());
        counts.collect()
    }
}

/// The place of the next message.
pub fn earliest(queue: &[Message]) -> Option<usize> {
    (0..queue.len()).min_by_key(|place| queue[*place].due)
}

/// The message for its next delivery, if SQS delivers it again.
pub fn again(message: Message, done: Option<bool>) -> Option<Message> {
    let deliveries = message.deliveries + 1;
    (done != Some(true) && deliveries < RECEIVES).then(|| Message {
        due: Instant::now() + VISIBILITY,
        deliveries,
        ..message
    })
}
