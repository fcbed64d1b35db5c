//! How many documents a case and a channel may have.

use std::time::Duration;

use runtime::testing::Harness;
use runtime::work::row::{Revised, Row};
use serde_json::json;

use super::fixtures::{CASE, announcement, change, dealer_with_case, deliver, presign, upload};
use uuid::Uuid;

use crate::Env;
use crate::case::documents::{DocumentCount, MAX_BYTES, MAX_DOCUMENTS};
use crate::case::row::CaseRow;
use crate::document::channel_day::{ChannelDay, MOST};

const PDF: &[u8] = b"%PDF-1.4\n%%EOF";
const FORM: [(&str, &str, &[u8]); 2] = [("file", "application/pdf", PDF), ("code", "", b"123")];

async fn case(hub: &Harness<Env>) -> CaseRow {
    CaseRow::load(hub.env().table().unwrap(), &CASE).await.unwrap().unwrap()
}

/// Gives the case this many documents.
async fn with_documents(hub: &Harness<Env>, count: DocumentCount) {
    let (env, mut row) = (hub.env(), case(hub).await);
    let rows = env.table().unwrap();
    row.documents = count;
    assert!(
        rows.write(vec![row.announce(rows, Uuid::from_u128(1), "123", hub.now()).unwrap()])
            .await
            .unwrap()
    );
}

/// A channel that has uploaded this much today.
async fn with_day(hub: &Harness<Env>, documents: u32, bytes: u64) {
    let env = hub.env();
    let rows = env.table().unwrap();
    let mut day = ChannelDay::today(rows, "dealer", hub.now()).await.unwrap();
    let mut stored = serde_json::to_value(&day).unwrap();
    stored["count"] = json!({"documents": documents, "bytes": bytes});
    day = serde_json::from_value(stored).unwrap();
    assert!(day.save(rows, hub.now()).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn each_upload_and_each_announcement_counts_once() {
    let dealer = dealer_with_case().await;
    let size = u64::try_from(PDF.len()).unwrap();
    for _ in 0..2 {
        assert_eq!(upload(&dealer, &FORM).key("one").await.status, 201);
    }
    assert_eq!(presign(&dealer, &announcement()).await.status, 201);
    let refused = [("file", "application/pdf", &b"%PDF-1.4"[..]), ("code", "", b"123")];
    assert_eq!(upload(&dealer, &refused).await.status, 400);
    let count = DocumentCount {
        documents: 2,
        bytes: size + 4_000_000,
    };
    assert_eq!(case(&dealer).await.documents, count);
    // The announcement is no change: the next change is the second.
    assert!(change(&dealer, 2).await.is_some() && change(&dealer, 3).await.is_none());
    assert_eq!(upload(&dealer, &FORM).await.status, 201);
    assert!(change(&dealer, 3).await.is_some() && change(&dealer, 4).await.is_none());
    assert_eq!(case(&dealer).await.changes(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_is_refused_or_never_arrives_still_counts() {
    let dealer = dealer_with_case().await;
    assert_eq!(presign(&dealer, &announcement()).await.status, 201);
    let wake = dealer.fakes.queue.take()[0].body.clone();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    assert!(deliver(&dealer, &wake).await);
    let row = case(&dealer).await;
    assert_eq!((row.documents.documents, row.changes()), (1, 1));
    assert_eq!(upload(&dealer, &FORM).await.status, 201);
    assert!(change(&dealer, 2).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_case_takes_no_more_documents_than_it_may_have() {
    let size = u64::try_from(PDF.len()).unwrap();
    for (documents, bytes, status) in [
        (MAX_DOCUMENTS - 1, 0, 201),
        (MAX_DOCUMENTS, 0, 413),
        (1, MAX_BYTES - size, 201),
        (1, MAX_BYTES - size + 1, 413),
    ] {
        let dealer = dealer_with_case().await;
        with_documents(&dealer, DocumentCount { documents, bytes }).await;
        let mut body = announcement();
        body["size"] = json!(size);
        let got = presign(&dealer, &body).await;
        assert_eq!(got.status, status, "{documents} {bytes}: {}", got.text);
        let dealer = dealer_with_case().await;
        with_documents(&dealer, DocumentCount { documents, bytes }).await;
        let got = upload(&dealer, &FORM).await;
        assert_eq!(got.status, status, "{documents} {bytes}: {}", got.text);
        if status == 413 {
            assert!(got.json()["instead"].is_null(), "a presigned upload is refused too");
            assert!(dealer.fakes.files.files().is_empty() && dealer.fakes.queue.sent().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_takes_no_more_documents_a_day_and_more_on_the_next() {
    for (documents, bytes) in [(MOST.documents, 0), (1, MOST.bytes)] {
        let dealer = dealer_with_case().await;
        with_day(&dealer, documents, bytes).await;
        for got in [upload(&dealer, &FORM).await, presign(&dealer, &announcement()).await] {
            assert_eq!(got.status, 429, "{}", got.text);
            // It is 10:20.
            assert_eq!(got.headers["retry-after"], "49200");
        }
        assert!(dealer.fakes.files.files().is_empty() && dealer.fakes.queue.sent().is_empty());
        assert!(change(&dealer, 2).await.is_none());
        tokio::time::advance(Duration::from_secs(49_200)).await;
        assert_eq!(upload(&dealer, &FORM).await.status, 201);
        assert_eq!(presign(&dealer, &announcement()).await.status, 201);
    }
}

#[tokio::test(start_paused = true)]
async fn documents_that_come_at_once_are_all_counted() {
    let dealer = dealer_with_case().await;
    let announcement = announcement();
    let each = (0..4).map(|_| async { presign(&dealer, &announcement).await.status });
    let form = (0..4).map(|_| async { upload(&dealer, &FORM).await.status });
    let (announced, uploaded) = tokio::join!(
        futures_util::future::join_all(each),
        futures_util::future::join_all(form)
    );
    assert_eq!((announced, uploaded), (vec![201; 4], vec![201; 4]));
    let row = case(&dealer).await;
    assert_eq!((row.documents.documents, row.changes()), (8, 5));
}
