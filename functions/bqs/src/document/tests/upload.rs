//! Uploaded forms: the accepted and the refused ones.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use runtime::port::blob::sha256;

use super::fixtures::{FormField, change, dealer_with_case, strangers, upload};
use crate::case::row::ChangeKind;
use crate::document::StoredDocument;
use crate::document::check::MAX_DOCUMENT_BYTES;

const PDF: &str = "application/pdf";
const CODE: FormField<'static> = ("code", "", b"123");
/// One pixel.
const JPEG: &[u8] = b"\xff\xd8\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xda\0\x08\x01\x01\0\0\x3f\0\x12\xff\xd9";

/// A square image of this many pixels a side.
fn png(side: u32) -> Vec<u8> {
    let side = side.to_be_bytes();
    let header = [b"\0\0\0\x0dIHDR", &side[..], &side, b"\x08\x02\0\0\0\0\0\0\0"].concat();
    let end = b"\0\0\0\0IDAT\0\0\0\0\0\0\0\0IEND\0\0\0\0";
    [&b"\x89PNG\r\n\x1a\n"[..], &header, end].concat()
}

#[tokio::test(start_paused = true)]
async fn a_document_is_stored_as_a_file_and_is_a_change_of_its_case() {
    let bytes = b"%PDF-1.4 \xff\x00\r\n--X\r\n%%EOF";
    let encoded = BASE64_STANDARD.encode(bytes);
    for file in [("file", PDF, &bytes[..]), ("fileBase64", "", encoded.as_bytes())] {
        let dealer = dealer_with_case().await;
        let got = upload(&dealer, &[file, CODE]).await;
        assert_eq!(got.status, 201, "{}", got.text);
        let (answer, hash) = (got.json(), sha256(bytes));
        assert_eq!(
            (&answer["sha256"], &answer["size"]),
            (&hash.as_str().into(), &bytes.len().into())
        );
        let id = answer["documentId"].as_str().unwrap();
        let files = dealer.fakes.files.files();
        let wanted = (format!("quarantine/{id}"), PDF.to_owned(), bytes.to_vec().into());
        assert_eq!(files, [wanted], "the file's key holds nothing that the caller wrote");
        let added = change(&dealer, 2).await.unwrap();
        assert_eq!(added.kind, ChangeKind::Document);
        let stored = StoredDocument::read(&added.body).unwrap();
        assert_eq!((stored.code.as_str(), stored.sha256, stored.size), ("123", hash, 23));
        let sent = dealer.fakes.queue.sent();
        assert_eq!(
            (sent[0].url.as_str(), sent[0].body.as_str()),
            ("forward", r#"{"sequence":7}"#)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_key_is_one_document_and_another_is_another() {
    let dealer = dealer_with_case().await;
    let fields = [("file", PDF, &b"%PDF-1.4\n%%EOF"[..]), CODE];
    let mut ids = Vec::new();
    for (key, replayed) in [("one", false), ("one", true), ("two", false)] {
        let got = upload(&dealer, &fields).key(key).await;
        assert_eq!(got.status, 201, "{}", got.text);
        assert_eq!(got.headers.contains_key("idempotent-replayed"), replayed);
        ids.push(got.json()["documentId"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    assert_eq!(dealer.fakes.files.files().len(), 2);
    assert!(change(&dealer, 3).await.is_some() && change(&dealer, 4).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_form_that_is_not_one_document_is_refused_by_field() {
    let dealer = dealer_with_case().await;
    let file: FormField = ("file", PDF, b"%PDF-1.4\n%%EOF");
    let text: FormField = ("fileBase64", "", b"JVBERi0xLjQKJSVFT0Y=");
    let long = "1".repeat(21);
    let cases: [(Vec<FormField<'_>>, &str); 14] = [
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
        let got = upload(&dealer, &fields).await;
        assert_eq!(got.status, 400, "{fields:?}: {}", got.text);
        assert!(got.json()["errors"][named].is_array(), "{fields:?}: {}", got.text);
    }
    assert!(dealer.fakes.files.files().is_empty() && change(&dealer, 2).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_input_that_a_browser_leaves_empty_is_absent() {
    let file: FormField = ("file", PDF, b"\xef\xbb\xbf\r\n%PDF-1.4\n%%EOF");
    let text: FormField = ("fileBase64", "", b"JVBERi0xLjQKJSVFT0Y=");
    for fields in [
        [("file", "application/octet-stream", &b""[..]), text, CODE],
        [file, ("fileBase64", "", b""), CODE],
    ] {
        let got = upload(&dealer_with_case().await, &fields).await;
        assert_eq!(got.status, 201, "{fields:?}: {}", got.text);
    }
    let dealer = dealer_with_case().await;
    let got = upload(
        &dealer,
        &[("file", PDF, b""), ("fileBase64", "", b""), ("code", "", b"")],
    )
    .await;
    assert_eq!(got.status, 400);
    let errors = got.json()["errors"].clone();
    assert!(errors["file"].is_array() && errors["code"].is_array(), "{errors}");
}

#[tokio::test(start_paused = true)]
async fn a_document_is_a_whole_file_of_its_content_type() {
    let dealer = dealer_with_case().await;
    let svg: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>";
    let (small, large) = (png(640), png(100_000));
    for (kind, bytes, status) in [
        (PDF, svg, 415),
        (PDF, b"<html>%PDF-", 415),
        (PDF, b"PK\x03\x04", 415),
        (PDF, &small, 415),
        ("text/html", b"%PDF-1.4\n%%EOF", 415),
        ("image/svg+xml", svg, 415),
        ("image/png", &small, 201),
        ("IMAGE/PNG; charset=x", &small, 201),
        ("image/jpg", JPEG, 201),
        ("image/png", &large, 400),
        ("image/png", &small[..small.len() - 1], 400),
        ("image/jpeg", &JPEG[..JPEG.len() - 1], 400),
        (PDF, b"%PDF-1.4", 400),
        (PDF, b"%PDF-1.4\n<</OpenAction<</S/J#61vaScript/JS(x)>>>>\n%%EOF", 400),
        ("application/octet-stream", b"%PDF-1.4\n%%EOF", 201),
        ("", b"%PDF-1.4\n%%EOF", 201),
    ] {
        let got = upload(&dealer, &[("file", kind, bytes), CODE]).await;
        assert_eq!(got.status, status, "{kind}: {}", got.text);
        assert_eq!(got.json()["errors"]["file"].is_array(), status == 400, "{}", got.text);
    }
    let disguised = BASE64_STANDARD.encode(svg);
    let got = upload(&dealer, &[("fileBase64", "", disguised.as_bytes()), CODE]).await;
    assert_eq!(got.status, 415);
}

#[tokio::test(start_paused = true)]
async fn a_large_document_is_refused_undecoded_with_another_route() {
    let dealer = dealer_with_case().await;
    let pdf = |size: usize| {
        let mut bytes = b"%PDF-1.7\n%%EOF".to_vec();
        bytes.resize(size, b' ');
        bytes
    };
    // This is not base64. If the handler decoded it, the status would be 400.
    let bomb = "%".repeat(MAX_DOCUMENT_BYTES / 3 * 4 + 1000).into_bytes();
    let (whole, more) = (pdf(MAX_DOCUMENT_BYTES), pdf(MAX_DOCUMENT_BYTES + 1));
    let (text, longer) = (BASE64_STANDARD.encode(&whole), BASE64_STANDARD.encode(&more));
    for (field, bytes, status) in [
        ("file", &whole, 201),
        ("file", &more, 413),
        ("fileBase64", &text.into_bytes(), 201),
        ("fileBase64", &longer.into_bytes(), 413),
        ("fileBase64", &bomb, 413),
    ] {
        let got = upload(&dealer, &[(field, "", bytes), CODE]).await;
        assert_eq!(got.status, status, "{field} of {} bytes", bytes.len());
        if status == 413 {
            let instead = got.json()["instead"].as_str().unwrap().to_owned();
            assert_eq!(got.resolve(&instead), "/v1/bqs-case/document/7/upload");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_case_channel_uploads_and_only_with_its_role() {
    let dealer = dealer_with_case().await;
    for (caller, sequence, status) in strangers(&dealer).await {
        let request = upload(&caller, &[("file", PDF, b"%PDF-1.4\n%%EOF"), CODE]);
        let got = request.path("sequence", &sequence).await;
        assert_eq!(got.status, status, "{sequence}: {}", got.text);
    }
    assert!(dealer.fakes.files.files().is_empty());
    assert!(dealer.fakes.queue.sent().is_empty());
}
