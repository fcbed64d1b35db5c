//! The domain with cases to send on, its queue and an upstream.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use futures_util::FutureExt;
use jiff::Timestamp;
use model::id::CorrelationId;
use runtime::blob::{Blobs, sha256};
use runtime::clock::Clock;
use runtime::ports::Ports;
use runtime::store::{Key, Outcome, Store};
use runtime::testing::{World, mortal, within};
use runtime::{Domain, store};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::upstream::Upstream;
use crate::Env;
use crate::case::row::{CaseRow, ChangeKind, Sequence};
use crate::document::Kept;
use crate::forward::row::ForwardRow;
use crate::forward::{Wake, forward};
use crate::json::Document;

pub const CASE: &str = r#"{"agreementCode":3700,"brandCode":10,"dealer":808,"calculation":{"downPayment":250000.00}}"#;
/// A message that is not done with is delivered again after this.
const VISIBILITY: Duration = Duration::from_secs(180);
/// And goes to the dead letters after so many deliveries.
const RECEIVES: u32 = 5;

pub struct Post {
    pub world: World,
    pub upstream: Arc<Upstream>,
    pub env: Arc<Env>,
    pub clock: Clock,
    settings: Vec<(String, String)>,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Message {
    pub due: Instant,
    pub body: String,
    pub deliveries: u32,
}

impl Post {
    /// With an upstream that honours our keys, or does not and is known not to.
    pub fn new(honours: bool) -> Self {
        Self::with(honours, &[])
    }

    pub fn with(honours: bool, more: &[(&str, &str)]) -> Self {
        let usual = [
            ("CASES_TABLE", "cases"),
            ("BQS_FORWARD_QUEUE_URL", "forward"),
            ("DEAD_LETTER_QUEUE_URL", "dead"),
            ("DOCUMENTS_BUCKET", "documents"),
            ("BQS_UPSTREAM_URL", "https://bqs.test/v1/bqs-case"),
            ("BQS_UPSTREAM_SECRET", "bqs-upstream"),
            ("BQS_UPSTREAM_IDEMPOTENT", if honours { "true" } else { "false" }),
            ("REDACTION_KEY", "test"),
        ];
        let settings = usual.iter().chain(more);
        let settings: Vec<_> = settings
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (world, upstream) = (World::default(), Arc::new(Upstream::new(honours)));
        let secret = json!({"BQS_API_KEY": "test-upstream-key"}).to_string();
        world.safe.secrets.lock().unwrap().insert("bqs-upstream".into(), secret);
        let ports = Ports {
            transport: upstream.clone(),
            ..world.ports()
        };
        Self {
            env: Arc::new(Env::load(settings.iter().cloned().collect(), mortal(ports, u32::MAX))),
            clock: Clock::starting("2026-01-05T10:20:00Z".parse().unwrap()),
            world,
            upstream,
            settings,
        }
    }

    /// The same world as a new sandbox sees it, which dies after so many steps.
    pub fn dying(&self, steps: u32) -> Self {
        let ports = Ports {
            transport: self.upstream.clone(),
            ..self.world.ports()
        };
        Self {
            world: self.world.clone(),
            upstream: self.upstream.clone(),
            env: Arc::new(Env::load(self.settings.iter().cloned().collect(), mortal(ports, steps))),
            clock: self.clock,
            settings: self.settings.clone(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A case with so many changes of every kind.
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
                0 => (ChangeKind::Document, self.document()),
                1 => (ChangeKind::Consent, organization.to_owned()),
                2 => (ChangeKind::Update, format!(r#"{{"calculation":{{"duration":{n}}}}}"#)),
                _ => (ChangeKind::Score, organization.to_owned()),
            },
        };
        let correlation = CorrelationId::new(self.now());
        let writes = row.change(&self.env, kind, body, correlation, self.now()).unwrap();
        let written = self.world.store.write(writes).now_or_never().unwrap();
        assert_eq!(written.unwrap(), Outcome::Done);
    }

    fn document(&self) -> String {
        let (id, bytes) = (Uuid::from_u128(4), "%PDF-1.4");
        let kept = Kept {
            document_id: id,
            code: "123".into(),
            media_type: "application/pdf".into(),
            size: 8,
            sha256: sha256(bytes.as_bytes()),
            key: format!("quarantine/{id}"),
        };
        let put = self
            .world
            .shelf
            .put("documents", &kept.key, &kept.media_type, bytes.into());
        put.now_or_never().unwrap().unwrap();
        kept.render().unwrap()
    }

    /// Delivers a message; true if it is done with. None where the sandbox dies over it.
    pub async fn deliver(&self, body: &str, deliveries: u32) -> Option<bool> {
        let mut message = SqsMessage::default();
        message.message_id = Some("m".into());
        message.body = Some(body.into());
        let count = ("ApproximateReceiveCount".to_owned(), deliveries.to_string());
        message.attributes.extend([count]);
        let mut event = SqsEvent::default();
        event.records.push(message);
        let worker = runtime::queue(forward);
        let time = within(Duration::from_secs(29));
        let work = worker.work(Arc::clone(&self.env), self.clock, time, event);
        let answer = tokio::time::timeout(Duration::from_secs(30), work).await.ok()?;
        Some(answer.batch_item_failures.is_empty())
    }

    pub async fn wake(&self, sequence: Sequence) -> Option<bool> {
        let body = serde_json::to_string(&Wake::of(sequence)).unwrap();
        self.deliver(&body, 1).await
    }

    /// What was sent to the queue, with when it is due.
    pub fn sent(&self) -> Vec<Message> {
        let sent = self.world.outbox.take().into_iter();
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

    /// Delivers whatever comes until the queue is empty or this much time has passed. How long it took.
    pub async fn settle(&self, mut queue: Vec<Message>, patience: Duration) -> Duration {
        let began = Instant::now();
        queue.extend(self.sent());
        while let Some(place) = earliest(&queue) {
            let message = queue.swap_remove(place);
            if message.due > began + patience {
                break;
            }
            tokio::time::sleep_until(message.due).await;
            let done = self.deliver(&message.body, message.deliveries + 1).await;
            queue.extend(again(message, done));
            queue.extend(self.sent());
        }
        began.elapsed()
    }

    pub fn row(&self, sequence: Sequence) -> ForwardRow {
        let key = Key::new("cases", format!("CASE#{sequence}"), Some("FORWARD"));
        let row = self.world.store.get(&key, true).now_or_never().unwrap();
        store::typed(row.unwrap().unwrap()).unwrap()
    }

    /// A case's rows whose sort keys begin so.
    pub fn rows(&self, sequence: Sequence, prefix: &str) -> Vec<store::Item> {
        let rows = self.world.store.table("cases").into_iter();
        let pk = format!("CASE#{sequence}");
        let own = rows.filter(|row| *row["pk"].as_s().unwrap() == pk);
        own.filter(|row| row["sk"].as_s().unwrap().starts_with(prefix))
            .collect()
    }
}

/// Which message is delivered next.
pub fn earliest(queue: &[Message]) -> Option<usize> {
    (0..queue.len()).min_by_key(|place| queue[*place].due)
}

/// What becomes of a message that was delivered.
pub fn again(message: Message, done: Option<bool>) -> Option<Message> {
    let deliveries = message.deliveries + 1;
    (done != Some(true) && deliveries < RECEIVES).then(|| Message {
        due: Instant::now() + VISIBILITY,
        deliveries,
        ..message
    })
}
