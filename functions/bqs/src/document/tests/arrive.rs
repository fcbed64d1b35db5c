//! Presigned uploads: the forwarder checks the file and adds it to its case.

use std::time::Duration;

use runtime::port::blob::{Blobs, sha256};
use runtime::testing::Harness;
use serde_json::json;
use uuid::Uuid;

use super::fixtures::{CASE, announcement, change, dealer_with_case, deliver, presign};
use crate::Env;
use crate::case::row::ChangeKind;
use crate::document::StoredDocument;
use crate::document::pending::{PendingUpload, UploadState};

const PDF: &[u8] = b"%PDF-1.4 of its own";

/// Announces a document of this many bytes. Returns its id and the message that checks for it.
async fn announce(dealer: &Harness<Env>, size: usize) -> (Uuid, String) {
    let mut body = announcement();
    body["size"] = json!(size);
    let got = presign(dealer, &body).await;
    let sent = dealer.fakes.queue.take();
    (got.text("documentId").parse().unwrap(), sent[0].body.clone())
}

async fn put(dealer: &Harness<Env>, id: Uuid, bytes: &'static [u8]) {
    let (files, key) = (&dealer.fakes.files, format!("quarantine/{id}"));
    let put = files.put("documents", &key, "application/pdf", bytes.into());
    put.await.unwrap();
}

async fn state(dealer: &Harness<Env>, id: Uuid) -> UploadState {
    let pending = PendingUpload::load(dealer.env().table().unwrap(), CASE, id)
        .await
        .unwrap();
    pending.unwrap().state
}

#[tokio::test(start_paused = true)]
async fn an_announced_document_is_added_to_its_case_once() {
    let dealer = dealer_with_case().await;
    let (id, wake) = announce(&dealer, PDF.len()).await;
    put(&dealer, id, PDF).await;
    for _ in 0..3 {
        assert!(deliver(&dealer, &wake).await);
    }
    let added = change(&dealer, 2).await.unwrap();
    let stored = StoredDocument::read(&added.body).unwrap();
    assert_eq!(
        (added.kind, stored.document_id, stored.sha256),
        (ChangeKind::Document, id, sha256(PDF))
    );
    assert_eq!(state(&dealer, id).await, UploadState::Taken);
    assert!(change(&dealer, 3).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_differs_from_its_announcement_is_refused() {
    for (size, bytes) in [
        (5, PDF),
        (PDF.len(), b"<html>of its own  "),
        (19, b"\x89PNG\r\n\x1a\nof its own"),
    ] {
        let dealer = dealer_with_case().await;
        let (id, wake) = announce(&dealer, size).await;
        put(&dealer, id, bytes).await;
        assert!(deliver(&dealer, &wake).await);
        assert_eq!(state(&dealer, id).await, UploadState::Refused);
        assert!(change(&dealer, 2).await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn an_absent_file_gets_one_more_check() {
    let dealer = dealer_with_case().await;
    let (id, wake) = announce(&dealer, PDF.len()).await;
    tokio::time::advance(Duration::from_secs(330)).await;
    assert!(deliver(&dealer, &wake).await);
    let again = dealer.fakes.queue.take();
    assert_eq!(
        (again.len(), &again[0].body, again[0].delay),
        (1, &wake, Duration::from_secs(600))
    );
    tokio::time::advance(again[0].delay).await;
    assert!(deliver(&dealer, &wake).await);
    assert!(dealer.fakes.queue.take().is_empty());
    assert_eq!(state(&dealer, id).await, UploadState::Awaited);
    let unknown = json!({"sequence": 7, "upload": Uuid::nil()});
    assert!(deliver(&dealer, &unknown.to_string()).await);
}
