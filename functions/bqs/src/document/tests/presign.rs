//! Uploads that a dealer makes by itself: what is offered.

use std::time::Duration;

use serde_json::{Value, json};

use super::counter::{CASE, Counter};
use crate::document::pending::{Pending, State};

fn announced() -> Value {
    json!({"code": "123", "contentType": "application/pdf", "size": 4_000_000})
}

#[tokio::test(start_paused = true)]
async fn one_upload_of_one_type_and_size_is_offered_and_looked_for() {
    let counter = Counter::open().await;
    let got = counter.presign(&announced()).await;
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!(got.headers["cache-control"], "no-store");
    let offer = got.json();
    let id = offer["documentId"].as_str().unwrap();
    let upload = &offer["upload"];
    assert_eq!(upload["url"], format!("https://files.test/documents/quarantine/{id}"));
    let wanted = json!({"content-length": "4000000", "content-type": "application/pdf", "if-none-match": "*"});
    assert_eq!((&upload["method"], &upload["headers"]), (&json!("PUT"), &wanted));
    assert_eq!(upload["expiresAt"], "2026-01-05T10:25:00Z");
    let pending = Pending::load(&counter.house.env, CASE, id.parse().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (pending.state, pending.code.as_str(), pending.size),
        (State::Awaited, "123", 4_000_000)
    );
    let sent = counter.house.world.outbox.sent();
    let wake: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(
        (wake, sent[0].delay),
        (json!({"sequence": 7, "upload": id}), Duration::from_secs(330))
    );
    // Nothing is a change before it is there.
    assert!(counter.change(2).await.is_none());
    let other = counter.presign(&announced()).await.json();
    assert_ne!(other["documentId"], id);
}

#[tokio::test(start_paused = true)]
async fn what_is_announced_has_to_be_something_that_is_taken() {
    let counter = Counter::open().await;
    for (member, value, status, named) in [
        ("code", json!(""), 400, "code"),
        ("code", Value::Null, 400, "$.code"),
        ("contentType", json!("text/html"), 400, "$.contentType"),
        ("contentType", json!("image/svg+xml"), 400, "$.contentType"),
        ("size", json!(0), 400, "$.size"),
        ("size", json!(-1), 400, "$.size"),
        ("size", json!("many"), 400, "$.size"),
        ("size", json!(20 * 1024 * 1024 + 1), 413, ""),
    ] {
        let mut body = announced();
        body[member] = value.clone();
        let got = counter.presign(&body).await;
        assert_eq!(got.status, status, "{member} {value}: {}", got.text);
        assert!(
            named.is_empty() || got.json()["errors"][named].is_array(),
            "{member} {value}: {}",
            got.text
        );
    }
    assert!(counter.house.world.outbox.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_else_is_offered_anything() {
    let counter = Counter::open().await;
    for (key, sequence, status) in counter.strangers().await {
        let got = counter.presign_as(&key, &sequence, &announced()).await;
        assert_eq!(got.status, status, "{sequence}: {}", got.text);
    }
    assert!(counter.house.world.outbox.sent().is_empty());
}
