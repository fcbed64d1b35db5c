//! Presigned uploads: the forwarder checks the file and adds it to its case.

use std::time::Duration;

use runtime::port::blob::{Blobs, sha256};
use runtime::testing::Harness;
use serde_json::{Value, json};
use uuid::Uuid;

use super::fixtures::{CASE, announcement, change, dealer_with_case, deliver, presign, progress, refused, upload};
use crate::Env;
use crate::case::row::ChangeKind;
use crate::channel::{ApiKey, ChannelRow, Role};
use crate::document::StoredDocument;
use crate::document::pending::{PendingUpload, UploadState};
use crate::testing::{interleave, permission, permit};

const PDF: &[u8] = b"%PDF-1.4 of its own\n%%EOF";

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
    assert_eq!(refused(&dealer).await, Value::Null);
}

#[tokio::test(start_paused = true)]
async fn a_case_shows_a_document_from_its_announcement_on() {
    let dealer = dealer_with_case().await;
    let (id, wake) = announce(&dealer, PDF.len()).await;
    let (other, late) = announce(&dealer, PDF.len()).await;
    let entry = |id: Uuid, state: &str| json!({"documentId": id, "code": "123", "state": state});
    assert_eq!(
        progress(&dealer).await,
        json!([entry(id, "awaited"), entry(other, "awaited")])
    );
    put(&dealer, id, PDF).await;
    assert!(deliver(&dealer, &wake).await);
    assert_eq!(
        progress(&dealer).await,
        json!([entry(id, "accepted"), entry(other, "awaited")])
    );
    // The second one never arrives.
    tokio::time::advance(Duration::from_secs(20 * 60)).await;
    assert!(deliver(&dealer, &late).await);
    assert_eq!(progress(&dealer).await, json!([entry(id, "accepted")]));
    assert_eq!(refused(&dealer).await[0]["documentId"], json!(other));
}

type Revocation = fn(&mut ChannelRow);

/// What an admin takes away from a channel, and whether its documents are refused then.
const REVOCATIONS: [(Revocation, bool); 5] = [
    (|channel| channel.permissions.roles.clear(), true),
    (|channel| channel.permissions.roles = [Role::CaseRead].into(), true),
    (|channel| channel.permissions.allowed_dealer_codes = [1].into(), true),
    // The case has its brand already.
    (|channel| channel.permissions.allowed_brand_codes.clear(), false),
    (
        |channel| channel.key_hash = ApiKey::generate("dealer").unwrap().hash(),
        false,
    ),
];

#[tokio::test(start_paused = true)]
async fn a_document_that_arrives_after_the_channel_lost_its_right_is_refused_and_shown() {
    for (place, (revoke, refuses)) in REVOCATIONS.into_iter().enumerate() {
        let dealer = dealer_with_case().await;
        let before = ChannelRow::named(&dealer.env(), "dealer").await.unwrap().unwrap();
        let (id, wake) = announce(&dealer, PDF.len()).await;
        put(&dealer, id, PDF).await;
        permit(&dealer, "dealer", revoke).await;
        assert!(deliver(&dealer, &wake).await);
        permit(&dealer, "dealer", |channel| {
            channel.permissions = before.permissions;
            channel.key_hash = before.key_hash;
        })
        .await;
        // A right that comes back does not bring the document back.
        assert!(deliver(&dealer, &wake).await);
        assert_eq!(change(&dealer, 2).await.is_none(), refuses, "revocation {place}");
        if !refuses {
            assert_eq!(refused(&dealer).await, Value::Null);
            continue;
        }
        assert_eq!(state(&dealer, id).await, UploadState::Refused);
        let shown = json!([{
            "documentId": id, "code": "123", "reason": "not-permitted", "refusedAt": "2026-01-05T11:20:00.000000+01:00",
        }]);
        assert_eq!(refused(&dealer).await, shown);
        // The case goes on with its next change.
        let form = [("file", "application/pdf", PDF), ("code", "", b"123")];
        assert_eq!(upload(&dealer, &form).await.status, 201);
        assert_eq!(change(&dealer, 2).await.unwrap().kind, ChangeKind::Document);
        assert_eq!(refused(&dealer).await, shown);
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_lost_while_the_document_is_added_is_lost() {
    let dealer = dealer_with_case().await;
    let (id, wake) = announce(&dealer, PDF.len()).await;
    put(&dealer, id, PDF).await;
    let revocation = permission(&dealer, "dealer", |channel| channel.permissions.roles.clear()).await;
    let interleaved = interleave(&dealer, vec![vec![revocation]]);
    assert!(!deliver(&interleaved, &wake).await, "SQS delivers the message again");
    assert!(change(&dealer, 2).await.is_none());
    assert!(deliver(&dealer, &wake).await);
    assert_eq!(state(&dealer, id).await, UploadState::Refused);
    assert!(change(&dealer, 2).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_case_shows_the_last_of_many_refused_documents() {
    let dealer = dealer_with_case().await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        let (id, wake) = announce(&dealer, PDF.len() + 1).await;
        put(&dealer, id, PDF).await;
        assert!(deliver(&dealer, &wake).await);
        ids.push(id.to_string());
    }
    let shown = refused(&dealer).await;
    let shown: Vec<&str> = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["documentId"].as_str().unwrap())
        .collect();
    assert_eq!(shown, ids[5..]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_differs_from_its_announcement_or_fails_the_checks_is_refused() {
    for (size, bytes, reason) in [
        (5, PDF, "differs"),
        (PDF.len(), b"<html>of its own and more", "differs"),
        (18, b"\x89PNG\r\n\x1a\nof its own", "unacceptable"),
        (19, b"%PDF-1.4 of its own", "unacceptable"),
        (42, b"%PDF-1.4 <</S/Launch/F(of its own)>>\n%%EOF", "unacceptable"),
    ] {
        let dealer = dealer_with_case().await;
        let (id, wake) = announce(&dealer, size).await;
        put(&dealer, id, bytes).await;
        assert!(deliver(&dealer, &wake).await);
        assert_eq!(state(&dealer, id).await, UploadState::Refused);
        assert!(change(&dealer, 2).await.is_none());
        assert_eq!(refused(&dealer).await[0]["reason"], reason);
    }
}

#[tokio::test(start_paused = true)]
async fn an_absent_file_gets_one_more_check_and_is_then_shown_as_not_arrived() {
    let dealer = dealer_with_case().await;
    let (id, wake) = announce(&dealer, PDF.len()).await;
    tokio::time::advance(Duration::from_secs(330)).await;
    assert!(deliver(&dealer, &wake).await);
    let again = dealer.fakes.queue.take();
    assert_eq!(
        (again.len(), &again[0].body, again[0].delay),
        (1, &wake, Duration::from_secs(600))
    );
    assert_eq!(state(&dealer, id).await, UploadState::Awaited);
    assert_eq!(refused(&dealer).await, Value::Null);
    tokio::time::advance(again[0].delay).await;
    let shown = json!([{
        "documentId": id, "code": "123", "reason": "not-arrived", "refusedAt": "2026-01-05T11:35:30.000000+01:00",
    }]);
    assert!(deliver(&dealer, &wake).await);
    // A file that comes after the last check, and a message that comes twice, change nothing.
    put(&dealer, id, PDF).await;
    assert!(deliver(&dealer, &wake).await);
    assert!(dealer.fakes.queue.take().is_empty());
    assert_eq!(state(&dealer, id).await, UploadState::Refused);
    assert_eq!(refused(&dealer).await, shown);
    assert!(change(&dealer, 2).await.is_none());
    let unknown = json!({"sequence": 7, "upload": Uuid::nil()});
    assert!(deliver(&dealer, &unknown.to_string()).await);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_arrives_before_the_last_check_is_added_and_not_shown_as_refused() {
    let dealer = dealer_with_case().await;
    let (id, wake) = announce(&dealer, PDF.len()).await;
    tokio::time::advance(Duration::from_secs(330)).await;
    assert!(deliver(&dealer, &wake).await);
    put(&dealer, id, PDF).await;
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(deliver(&dealer, &wake).await);
    assert_eq!(state(&dealer, id).await, UploadState::Taken);
    assert_eq!(change(&dealer, 2).await.unwrap().kind, ChangeKind::Document);
    assert_eq!(refused(&dealer).await, Value::Null);
}
