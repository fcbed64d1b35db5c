//! Uploads that a dealer makes by itself: what becomes of what is there.

use std::time::Duration;

use runtime::blob::{Blobs, sha256};
use serde_json::json;
use uuid::Uuid;

use super::counter::{CASE, Counter};
use crate::case::row::ChangeKind;
use crate::document::Kept;
use crate::document::pending::{Pending, State};

const PDF: &[u8] = b"%PDF-1.4 of its own";

/// A document of this many bytes is announced: its id, and the message that looks for it.
async fn announce(counter: &Counter, size: usize) -> (Uuid, String) {
    let body = json!({"code": "123", "contentType": "application/pdf", "size": size});
    let got = counter.presign(&body).await;
    let sent = counter.house.world.outbox.take();
    (
        got.json()["documentId"].as_str().unwrap().parse().unwrap(),
        sent[0].body.clone(),
    )
}

async fn put(counter: &Counter, id: Uuid, bytes: &'static [u8]) {
    let (shelf, key) = (&counter.house.world.shelf, format!("quarantine/{id}"));
    shelf
        .put("documents", &key, "application/pdf", bytes.into())
        .await
        .unwrap();
}

async fn state(counter: &Counter, id: Uuid) -> State {
    Pending::load(&counter.house.env, CASE, id)
        .await
        .unwrap()
        .unwrap()
        .state
}

#[tokio::test(start_paused = true)]
async fn what_was_announced_becomes_its_cases_once() {
    let counter = Counter::open().await;
    let (id, wake) = announce(&counter, PDF.len()).await;
    put(&counter, id, PDF).await;
    for _ in 0..3 {
        assert!(counter.deliver(&wake).await);
    }
    let change = counter.change(2).await.unwrap();
    let kept = Kept::read(&change.body).unwrap();
    assert_eq!(
        (change.kind, kept.document_id, kept.sha256),
        (ChangeKind::Document, id, sha256(PDF))
    );
    assert_eq!(state(&counter, id).await, State::Taken);
    assert!(counter.change(3).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_something_else_is_refused() {
    for (size, bytes) in [
        (5, PDF),
        (PDF.len(), b"<html>of its own  "),
        (19, b"\x89PNG\r\n\x1a\nof its own"),
    ] {
        let counter = Counter::open().await;
        let (id, wake) = announce(&counter, size).await;
        put(&counter, id, bytes).await;
        assert!(counter.deliver(&wake).await);
        assert_eq!(state(&counter, id).await, State::Refused);
        assert!(counter.change(2).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_slow_is_looked_for_once_more_and_what_never_comes_is_forgotten() {
    let counter = Counter::open().await;
    let (id, wake) = announce(&counter, PDF.len()).await;
    tokio::time::advance(Duration::from_secs(330)).await;
    assert!(counter.deliver(&wake).await);
    let again = counter.house.world.outbox.take();
    assert_eq!(
        (again.len(), &again[0].body, again[0].delay),
        (1, &wake, Duration::from_secs(600))
    );
    tokio::time::advance(again[0].delay).await;
    assert!(counter.deliver(&wake).await);
    assert!(counter.house.world.outbox.take().is_empty());
    assert_eq!(state(&counter, id).await, State::Awaited);
    assert!(
        counter
            .deliver(&json!({"sequence": 7, "upload": Uuid::nil()}).to_string())
            .await
    );
}
