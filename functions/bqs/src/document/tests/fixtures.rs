//! A dealer with a case, and its requests to the two functions that take documents.

use http::Method;
use model::id::CorrelationId;
use model::json::Document;
use runtime::port::store::{Store, Written};
use runtime::testing::{Harness, TestRequest};
use serde_json::{Value, json};

use crate::Env;
use crate::case::row::{CaseRow, ChangeKind, ChangeRow, Sequence};
use crate::channel::Role;
use crate::testing::{channel, harness};

pub const CASE: Sequence = Sequence(7);
const DEALER: i64 = 808;
/// Separates the fields of a form.
const BOUNDARY: &str = "XX";

/// A name, a content type or nothing, and the bytes.
pub type FormField<'a> = (&'a str, &'a str, &'a [u8]);

/// A channel with the case.
pub async fn dealer_with_case() -> Harness<Env> {
    let hub = harness();
    let key = channel(&hub, "dealer", &[Role::DocumentWrite, Role::CaseRead], &[DEALER]).await;
    let document = Document::stored(r#"{"agreementCode":3700,"brandCode":10,"dealer":808}"#).unwrap();
    let (now, kind) = (hub.now(), ChangeKind::Create);
    let mut row = CaseRow::new(CASE, "dealer", &document, now).unwrap();
    let writes = row.change(&hub.env(), kind, "{}".into(), CorrelationId::new(now), now);
    assert_eq!(hub.fakes.store.write(writes.unwrap()).await.unwrap(), Written::Done);
    hub.as_channel(&key)
}

/// A request that uploads a form. The gateway passes the form in base64, because it is binary.
pub fn upload<'a>(caller: &'a Harness<Env>, fields: &[FormField<'_>]) -> TestRequest<'a> {
    let request = caller.request(Method::POST, "/v1/bqs-case/document/7");
    request.bytes(&format!("multipart/form-data; boundary={BOUNDARY}"), &form(fields))
}

/// A request that announces a document.
pub fn presign<'a>(caller: &'a Harness<Env>, body: &Value) -> TestRequest<'a> {
    caller.post("/v1/bqs-case/document/7/upload", body)
}

pub fn announcement() -> Value {
    json!({"code": "123", "contentType": "application/pdf", "size": 4_000_000})
}

/// Delivers a message to the forwarder. True if the message is done.
pub async fn deliver(hub: &Harness<Env>, body: &str) -> bool {
    hub.deliver("bqs-forward", body).await.unwrap()
}

async fn shown(dealer: &Harness<Env>) -> Value {
    let got = dealer
        .get("/v1/bqs-case/case/7")
        .path("sequence", &CASE.to_string())
        .await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()
}

/// The documents that the case shows as refused.
pub async fn refused(dealer: &Harness<Env>) -> Value {
    shown(dealer).await["refusedDocuments"].clone()
}

/// The progress of the case's documents.
pub async fn progress(dealer: &Harness<Env>) -> Value {
    shown(dealer).await["progress"]["documents"].clone()
}

pub async fn change(hub: &Harness<Env>, n: u64) -> Option<ChangeRow> {
    ChangeRow::load(hub.env().table().unwrap(), CASE, n).await.unwrap()
}

/// Callers without access to a case, the number of that case, and the status that each caller gets.
pub async fn strangers(dealer: &Harness<Env>) -> Vec<(Harness<Env>, String, i64)> {
    let case = CASE.to_string();
    let every: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|role| *role != Role::DocumentWrite)
        .collect();
    let colleague = channel(dealer, "colleague", &[Role::DocumentWrite], &[DEALER]).await;
    let elsewhere = channel(dealer, "elsewhere", &[Role::DocumentWrite], &[730]).await;
    let reader = channel(dealer, "reader", &every, &[DEALER]).await;
    vec![
        (dealer.anonymous(), case.clone(), 401),
        (dealer.as_channel("absent.key"), case.clone(), 401),
        (dealer.as_channel(&reader), case.clone(), 403),
        (dealer.as_channel(&colleague), case.clone(), 403),
        (dealer.as_channel(&elsewhere), case, 404),
        (dealer.clone(), "8".to_owned(), 404),
        (dealer.clone(), "abc".to_owned(), 400),
    ]
}

fn form(fields: &[FormField<'_>]) -> Vec<u8> {
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
