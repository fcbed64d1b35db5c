//! Presigned uploads: the function checks the announcement and offers a request.

use std::time::Duration;

use serde_json::{Value, json};

use super::fixtures::{CASE, announcement, change, dealer_with_case, presign, strangers, upload};
use crate::document::pending::{PendingUpload, UploadState};
use crate::testing::permit;

#[tokio::test(start_paused = true)]
async fn one_upload_of_one_type_and_size_is_offered_and_checked_for() {
    let dealer = dealer_with_case().await;
    let got = presign(&dealer, &announcement()).await;
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!(got.headers["cache-control"], "no-store");
    let offer = got.json();
    let id = offer["documentId"].as_str().unwrap();
    let upload = &offer["upload"];
    assert_eq!(upload["url"], format!("https://files.test/documents/quarantine/{id}"));
    let wanted = json!({"content-length": "4000000", "content-type": "application/pdf", "if-none-match": "*"});
    assert_eq!((&upload["method"], &upload["headers"]), (&json!("PUT"), &wanted));
    assert_eq!(upload["expiresAt"], "2026-01-05T11:25:00.000000+01:00");
    let pending = PendingUpload::load(dealer.env().table().unwrap(), CASE, id.parse().unwrap()).await;
    let pending = pending.unwrap().unwrap();
    assert_eq!(
        (pending.state, pending.code.as_str(), pending.size),
        (UploadState::Awaited, "123", 4_000_000)
    );
    let sent = dealer.fakes.queue.sent();
    let wake: Value = serde_json::from_str(&sent[0].body).unwrap();
    assert_eq!(
        (wake, sent[0].delay),
        (json!({"sequence": 7, "upload": id}), Duration::from_secs(330))
    );
    // An announcement alone is no change.
    assert!(change(&dealer, 2).await.is_none());
    let other = presign(&dealer, &announcement()).await.json();
    assert_ne!(other["documentId"], id);
}

#[tokio::test(start_paused = true)]
async fn an_announcement_is_refused_by_member() {
    let dealer = dealer_with_case().await;
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
        let mut body = announcement();
        body[member] = value.clone();
        let got = presign(&dealer, &body).await;
        assert_eq!(got.status, status, "{member} {value}: {}", got.text);
        assert!(
            named.is_empty() || got.json()["errors"][named].is_array(),
            "{member} {value}: {}",
            got.text
        );
    }
    assert!(dealer.fakes.queue.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_the_channel_of_the_case_announces_and_only_with_its_role() {
    let dealer = dealer_with_case().await;
    for (caller, sequence, status) in strangers(&dealer).await {
        let got = presign(&caller, &announcement()).path("sequence", &sequence).await;
        assert_eq!(got.status, status, "{sequence}: {}", got.text);
    }
    assert!(dealer.fakes.queue.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_channel_of_the_case_adds_no_document_once_the_dealer_has_left_its_list() {
    let dealer = dealer_with_case().await;
    permit(&dealer, "dealer", |channel| {
        channel.permissions.allowed_dealer_codes.clear()
    })
    .await;
    let form = [
        ("file", "application/pdf", &b"%PDF-1.4\n%%EOF"[..]),
        ("code", "", b"123"),
    ];
    for got in [presign(&dealer, &announcement()).await, upload(&dealer, &form).await] {
        assert_eq!(got.status, 403, "{}", got.text);
    }
    assert!(dealer.fakes.files.files().is_empty() && dealer.fakes.queue.sent().is_empty());
}
