//! What is taken in a form, and what is refused.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runtime::blob::sha256;

use super::counter::{Counter, Field};
use crate::case::row::ChangeKind;
use crate::document::Kept;
use crate::document::check::LIMIT;

const PDF: &str = "application/pdf";
const CODE: Field<'static> = ("code", "", b"123");

#[tokio::test(start_paused = true)]
async fn a_document_is_kept_as_a_file_and_is_a_change_of_its_case() {
    let bytes = b"%PDF-1.4 \xff\x00\r\n--X";
    let encoded = BASE64_STANDARD.encode(bytes);
    for file in [("file", PDF, &bytes[..]), ("fileBase64", "", encoded.as_bytes())] {
        let counter = Counter::open().await;
        let got = counter.upload(&[file, CODE]).await;
        assert_eq!(got.status, 201, "{}", got.text);
        let (answer, hash) = (got.json(), sha256(bytes));
        assert_eq!(
            (&answer["sha256"], &answer["size"]),
            (&hash.as_str().into(), &bytes.len().into())
        );
        let id = answer["documentId"].as_str().unwrap();
        let files = counter.house.world.shelf.files();
        let wanted = (format!("quarantine/{id}"), PDF.to_owned(), bytes.to_vec().into());
        assert_eq!(files, [wanted], "the key holds nothing that the caller wrote");
        let change = counter.change(2).await.unwrap();
        assert_eq!(change.kind, ChangeKind::Document);
        let kept = Kept::read(&change.body).unwrap();
        assert_eq!((kept.code.as_str(), kept.sha256, kept.size), ("123", hash, 16));
        let sent = counter.house.world.outbox.sent();
        assert_eq!(
            (sent[0].url.as_str(), sent[0].body.as_str()),
            ("forward", r#"{"sequence":7}"#)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_is_one_document_and_another_is_another() {
    let counter = Counter::open().await;
    let fields = [("file", PDF, &b"%PDF-1.4"[..]), CODE];
    let mut ids = Vec::new();
    for (key, replayed) in [("one", false), ("one", true), ("two", false)] {
        let got = counter.upload_once(key, &fields).await;
        assert_eq!(got.status, 201, "{}", got.text);
        assert_eq!(got.headers.contains_key("idempotent-replayed"), replayed);
        ids.push(got.json()["documentId"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_eq!(counter.house.world.shelf.files().len(), 2);
    assert!(counter.change(3).await.is_some() && counter.change(4).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_not_one_document_is_refused_by_field() {
    let counter = Counter::open().await;
    let file: Field = ("file", PDF, b"%PDF-1.4");
    let text: Field = ("fileBase64", "", b"JVBERi0xLjQ=");
    let long = "1".repeat(21);
    let cases: [(Vec<Field<'_>>, &str); 14] = [
        (vec![file, text, CODE], "file"),
        (vec![CODE], "file"),
        (vec![file, file, CODE], "file"),
        (vec![file], "code"),
        (vec![file, CODE, CODE], "code"),
        (vec![file, ("code", "", b"")], "code"),
        (vec![file, ("code", "", b"1\r\nX: y")], "code"),
        (vec![file, ("code", "", b"\xff")], "code"),
        (vec![file, ("code", "", long.as_bytes())], "code"),
        (vec![("file", PDF, b""), CODE], "file"),
        (vec![("fileBase64", "", b"JVBERi0xLjQ"), CODE], "fileBase64"),
        (vec![("fileBase64", "", b"JVBE Ri0xLjQ="), CODE], "fileBase64"),
        (vec![("fileBase64", "", b"JVBERi0xLjQ=\n"), CODE], "fileBase64"),
        (vec![("fileBase64", "", b"JVBERi0xLj-_"), CODE], "fileBase64"),
    ];
    for (fields, named) in cases {
        let got = counter.upload(&fields).await;
        assert_eq!(got.status, 400, "{fields:?}: {}", got.text);
        assert!(got.json()["errors"][named].is_array(), "{fields:?}: {}", got.text);
    }
    assert!(counter.house.world.shelf.files().is_empty() && counter.change(2).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_document_is_what_its_first_bytes_say_and_what_it_is_called() {
    let counter = Counter::open().await;
    let svg: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    let png: &[u8] = b"\x89PNG\r\n\x1a\nrest";
    let jpeg: &[u8] = b"\xff\xd8\xff\xe0rest";
    for (kind, bytes, status) in [
        (PDF, svg, 415),
        (PDF, b"<html>%PDF-", 415),
        (PDF, b"PK\x03\x04", 415),
        (PDF, png, 415),
        ("text/html", b"%PDF-1.4", 415),
        ("image/svg+xml", svg, 415),
        ("image/png", png, 201),
        ("image/jpg", jpeg, 201),
        ("IMAGE/JPEG; charset=x", jpeg, 201),
        ("application/octet-stream", b"%PDF-1.4", 201),
        ("", b"%PDF-1.4", 201),
    ] {
        let got = counter.upload(&[("file", kind, bytes), CODE]).await;
        assert_eq!(got.status, status, "{kind}: {}", got.text);
    }
    let disguised = BASE64_STANDARD.encode(svg);
    let got = counter.upload(&[("fileBase64", "", disguised.as_bytes()), CODE]).await;
    assert_eq!(got.status, 415);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_refused_undecoded_and_shown_another_way() {
    let counter = Counter::open().await;
    let pdf = |size: usize| {
        let mut bytes = b"%PDF-1.7".to_vec();
        bytes.resize(size, b' ');
        bytes
    };
    // Not even base64: had it been decoded, the answer would be another.
    let bomb = "%".repeat(LIMIT / 3 * 4 + 1000).into_bytes();
    let (whole, more) = (pdf(LIMIT), pdf(LIMIT + 1));
    let (text, longer) = (BASE64_STANDARD.encode(&whole), BASE64_STANDARD.encode(&more));
    for (field, bytes, status) in [
        ("file", &whole, 201),
        ("file", &more, 413),
        ("fileBase64", &text.into_bytes(), 201),
        ("fileBase64", &longer.into_bytes(), 413),
        ("fileBase64", &bomb, 413),
    ] {
        let got = counter.upload(&[(field, "", bytes), CODE]).await;
        assert_eq!(got.status, status, "{field} of {} bytes", bytes.len());
        if status == 413 {
            assert_eq!(got.json()["instead"], "/v1/bqs-case/document/7/upload");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_channel_of_the_case_uploads_and_only_with_its_role() {
    let counter = Counter::open().await;
    for (key, sequence, status) in counter.strangers().await {
        let got = counter
            .upload_as(&key, &sequence, &[("file", PDF, b"%PDF-1.4"), CODE])
            .await;
        assert_eq!(got.status, status, "{sequence}: {}", got.text);
    }
    assert!(counter.house.world.shelf.files().is_empty());
    assert!(counter.house.world.outbox.sent().is_empty());
}
