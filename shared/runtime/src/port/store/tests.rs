//! How conditions reach DynamoDB, and when a request is sent again. What stores do with them is held by the behaviour suite in `tests/store.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use model::Kind;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use super::condition::Expression;
use super::*;
use crate::port::aws::Aws;

#[tokio::test]
async fn an_empty_range_is_not_asked_for() {
    let store = Dynamo::new(|| panic!("no client is made"));
    let query = Query::new("t", "p", 10).from(Some("b".into())).to(Some("a".into()));
    assert!(store.query(&query).await.unwrap().is_empty());
}

#[test]
fn conditions_are_written_with_placeholders_only() {
    let when = When::Any(vec![
        When::Absent,
        When::All(vec![When::text("status", "PENDING"), When::number("revision", 3)]),
        When::Below("ttl", 1_000),
    ]);
    let now = Timestamp::from_second(900).unwrap();
    let expression = Expression::of(&when, now);
    assert_eq!(
        expression.text,
        "((attribute_not_exists(#pk)) OR ((#status = :v0) AND (#revision = :v1)) OR (#ttl < :v2)) OR #ttl <= :v3"
    );
    assert_eq!(expression.names.len(), 4);
    assert_eq!(expression.values[":v3"], AttributeValue::N("900".into()));
    let live = Expression::of(&When::text("status", "PENDING"), now);
    assert_eq!(
        live.text,
        "(#status = :v0) AND (attribute_not_exists(#ttl) OR #ttl > :v1)"
    );
    assert_eq!(expression.values[":v0"], AttributeValue::S("PENDING".into()));
    assert_eq!(expression.values[":v2"], AttributeValue::N("1000".into()));
}

/// DynamoDB that gives each request the next of these answers, and the last one from then on, with the number of requests.
async fn answering(answers: Vec<Value>) -> (Dynamo, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 16 * 1024]).await;
            let number = counted.fetch_add(1, Ordering::Relaxed);
            let body = answers[number.min(answers.len() - 1)].to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let _ = socket.write_all((head + &body).as_bytes()).await;
        }
    });
    let aws = Aws::new([("AWS_ENDPOINT_URL", url)].into_iter().collect());
    (
        Dynamo::new(move || aws_sdk_dynamodb::Client::new(&aws.settings())),
        requests,
    )
}

fn stored(id: &str) -> Value {
    json!({"pk": {"S": id}, "sk": {"S": "ROW"}})
}

fn unwritten(id: &str) -> Value {
    json!({"UnprocessedItems": {"t": [{"PutRequest": {"Item": stored(id)}}]}})
}

/// An answer to a read, with the row of one key, and another key that was left for later.
fn unread(found: &str, left: &str) -> Value {
    json!({"Responses": {"t": [stored(found)]}, "UnprocessedKeys": {"t": {"Keys": [stored(left)]}}})
}

#[tokio::test]
async fn what_a_batch_leaves_for_later_is_sent_again_after_a_pause() {
    let keys = ["a", "b"].map(|id| Key::new("t", id, Some("ROW")));
    let (store, requests) = answering(vec![unwritten("a"), unwritten("a"), json!({})]).await;
    let started = Instant::now();
    store.append("t", vec![keys[0].item()]).await.unwrap();
    assert_eq!(requests.load(Ordering::Relaxed), 3);
    // At least half of 50 and of 100 ms.
    assert!(started.elapsed() >= Duration::from_millis(75));
    let last = json!({"Responses": {"t": [stored("b")]}});
    let (store, requests) = answering(vec![unread("a", "b"), last]).await;
    let found = store.get_all(&keys).await.unwrap();
    assert!(found.iter().all(Option::is_some), "{found:?}");
    assert_eq!(requests.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_a_batch_always_leaves_for_later_is_an_error_after_five_attempts() {
    let keys = ["a", "b"].map(|id| Key::new("t", id, Some("ROW")));
    let (store, requests) = answering(vec![unwritten("a")]).await;
    let written = timeout(Duration::from_secs(5), store.append("t", vec![keys[0].item()])).await;
    assert_eq!(written.unwrap().unwrap_err().kind, Kind::Unavailable);
    assert_eq!(requests.load(Ordering::Relaxed), 5);
    let (store, requests) = answering(vec![unread("a", "b")]).await;
    let read = timeout(Duration::from_secs(5), store.get_all(&keys)).await;
    assert_eq!(read.unwrap().unwrap_err().kind, Kind::Unavailable);
    assert_eq!(requests.load(Ordering::Relaxed), 5);
}
