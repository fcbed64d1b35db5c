//! A dealer with a case, and the two functions that take documents.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::FutureExt;
use model::id::CorrelationId;
use runtime::store::{Outcome, Store};
use runtime::testing::within;
use serde_json::Value;

use crate::case::row::{CaseRow, ChangeKind, ChangeRow, Sequence};
use crate::channel::Role;
use crate::document::{presign, upload};
use crate::forward::forward;
use crate::house::{Ask, Got, House};
use crate::json::Document;

const UPLOAD: &str = include_str!("../../../../../events/bqs-document-upload.json");
const PRESIGN: &str = include_str!("../../../../../events/bqs-document-presign.json");
pub const CASE: Sequence = Sequence(7);
const DEALER: i64 = 808;
/// What separates the fields of the sample's form.
const BOUNDARY: &str = "XX";

/// A name, a content type or nothing, and the bytes.
pub type Field<'a> = (&'a str, &'a str, &'a [u8]);

pub struct Counter {
    pub house: House,
    pub key: String,
}

impl Counter {
    pub async fn open() -> Self {
        let house = House::with(&[("DOCUMENTS_BUCKET", "documents")]);
        let key = house.channel("dealer", &[Role::DocumentWrite], &[DEALER]).await;
        let document = Document::stored(r#"{"agreementCode":3700,"brandCode":10,"dealer":808}"#).unwrap();
        let now = house.clock.now();
        let mut row = CaseRow::new(CASE, "dealer", &document, now).unwrap();
        let correlation = CorrelationId::new(now);
        let writes = row
            .change(&house.env, ChangeKind::Create, "{}".into(), correlation, now)
            .unwrap();
        let written = house.world.store.write(writes).now_or_never().unwrap();
        assert_eq!(written.unwrap(), Outcome::Done);
        Self { house, key }
    }

    /// A form as the gateway passes it: in base64, for it is binary.
    pub async fn upload(&self, fields: &[Field<'_>]) -> Got {
        self.upload_as(&self.key, &CASE.to_string(), fields).await
    }

    /// Under an idempotency key.
    pub async fn upload_once(&self, idempotency: &str, fields: &[Field<'_>]) -> Got {
        let ask = ask(&self.key, &CASE.to_string(), fields);
        self.put(ask.header("idempotency-key", idempotency)).await
    }

    pub async fn upload_as(&self, key: &str, sequence: &str, fields: &[Field<'_>]) -> Got {
        self.put(ask(key, sequence, fields)).await
    }

    async fn put(&self, ask: Ask) -> Got {
        let function = runtime::http(upload::upload).once().limit(6 * 1024 * 1024);
        self.house.answer(function, ask.0).await
    }

    pub async fn presign(&self, body: &Value) -> Got {
        self.presign_as(&self.key, &CASE.to_string(), body).await
    }

    pub async fn presign_as(&self, key: &str, sequence: &str, body: &Value) -> Got {
        let ask = Ask::sample(PRESIGN, key).path("sequence", sequence).body(body);
        self.house.answer(runtime::http(presign::presign), ask.0).await
    }

    /// Delivers a message to the forwarder; true if it is done with.
    pub async fn deliver(&self, body: &str) -> bool {
        let mut message = SqsMessage::default();
        message.body = Some(body.into());
        let mut event = SqsEvent::default();
        event.records.push(message);
        let env = Arc::clone(&self.house.env);
        let time = within(Duration::from_secs(29));
        let done = runtime::queue(forward).work(env, self.house.clock, time, event).await;
        done.batch_item_failures.is_empty()
    }

    pub async fn change(&self, n: u64) -> Option<ChangeRow> {
        ChangeRow::load(&self.house.env, CASE, n).await.unwrap()
    }

    /// Who may not, for a question that is asked as somebody about some case: with the status that each gets.
    pub async fn strangers(&self) -> Vec<(String, String, i64)> {
        let (house, case) = (&self.house, CASE.to_string());
        let colleague = house.channel("colleague", &[Role::DocumentWrite], &[DEALER]).await;
        let elsewhere = house.channel("elsewhere", &[Role::DocumentWrite], &[730]).await;
        let every: Vec<Role> = Role::ALL
            .into_iter()
            .filter(|role| *role != Role::DocumentWrite)
            .collect();
        let reader = house.channel("reader", &every, &[DEALER]).await;
        vec![
            (String::new(), case.clone(), 401),
            ("nobody.key".to_owned(), case.clone(), 401),
            (reader, case.clone(), 403),
            (colleague, case.clone(), 403),
            (elsewhere, case, 404),
            (self.key.clone(), "8".to_owned(), 404),
            (self.key.clone(), "abc".to_owned(), 400),
        ]
    }
}

fn ask(key: &str, sequence: &str, fields: &[Field<'_>]) -> Ask {
    let body = BASE64_STANDARD.encode(form(fields));
    Ask::sample(UPLOAD, key).path("sequence", sequence).text(&body)
}

fn form(fields: &[Field<'_>]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, kind, bytes) in fields {
        form.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"").bytes());
        if !kind.is_empty() {
            form.extend(format!("; filename=\"../../etc/a.pdf\"\r\nContent-Type: {kind}").bytes());
        }
        form.extend(b"\r\n\r\n");
        form.extend(*bytes);
        form.extend(b"\r\n");
    }
    form.extend(format!("--{BOUNDARY}--\r\n").bytes());
    form
}
