//! Documents on the deployed stack: in a form through the gateway, and in a presigned upload.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::upstream::changes;
use crate::channel::Channel;
use crate::end_to_end::funders::proposals::{propose, sample};
use crate::leaks::Canary;
use crate::lock::Domain::{Bqs, Funders};
use crate::stack::{HubResponse, Stack};

const DEALER: i64 = 808;
const WRITER: [&str; 3] = ["case.write", "case.read", "document.write"];
const BOUNDARY: &str = "0f1e2d3c";

/// A channel of a dealer, and a case of its own.
pub async fn dealer(stack: &Stack) -> (Channel, i64) {
    let channel = stack.channel(&WRITER, &[DEALER]).await;
    let case = stack.case(&channel.key, DEALER).await;
    (channel, case)
}

/// A name, a content type or an empty text, and the bytes.
pub type Field<'a> = (&'a str, &'a str, &'a [u8]);

pub const CODE: Field<'static> = ("code", "", b"123");

fn form(fields: &[Field<'_>]) -> Vec<u8> {
    let mut form = Vec::new();
    for (name, kind, bytes) in fields {
        form.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"").bytes());
        if !kind.is_empty() {
            form.extend(format!("; filename=\"a.pdf\"\r\nContent-Type: {kind}").bytes());
        }
        form.extend(b"\r\n\r\n");
        form.extend(*bytes);
        form.extend(b"\r\n");
    }
    form.extend(format!("--{BOUNDARY}--\r\n").bytes());
    form
}

pub async fn upload(stack: &Stack, key: &str, case: &str, fields: &[Field<'_>]) -> HubResponse {
    let url = format!("{}/v1/bqs-case/document/{case}", stack.base_url());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("x-api-key", key), ("content-type", kind.as_str())];
    stack.send_raw(Method::POST, &url, &headers, form(fields)).await
}

/// Announces a document. Returns its id and its upload.
pub async fn announce(stack: &Stack, key: &str, case: i64, size: usize) -> Value {
    let body = json!({"code": "123", "contentType": "application/pdf", "size": size}).to_string();
    let path = format!("/v1/bqs-case/document/{case}/upload");
    let offered = stack.send_with_key(Method::POST, &path, key, Some(&body)).await;
    assert_eq!(offered.status, 201, "{}", offered.text);
    offered.json()
}

/// Uploads an announced document and lets the hub look for it at once, which it does some minutes later by itself.
pub async fn put(stack: &Stack, case: i64, offer: &Value, bytes: Vec<u8>) {
    let headers = offer["upload"]["headers"].as_object().unwrap().iter();
    // The HTTP client sets the length itself.
    let headers: Vec<_> = headers
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .filter(|(name, _)| *name != "content-length")
        .collect();
    let url = offer["upload"]["url"].as_str().unwrap();
    assert_eq!(stack.send_raw(Method::PUT, url, &headers, bytes).await.status, 200);
    let wake = json!({"sequence": case, "upload": offer["documentId"]});
    stack.enqueue("bqsForward", &wake).await;
}

/// Waits until the hub has looked for an announced document, with this result.
pub async fn checked(stack: &Stack, id: &str, state: &str) {
    let rows = |rows: &[Value]| rows.iter().any(|row| row["state"]["S"] == state);
    stack.rows_until("cases", "documentId", id, rows).await;
}

fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7 \xff\xfe\x00\r\n%%EOF".to_vec();
    bytes.resize(size, b' ');
    bytes
}

#[tokio::test]
async fn a_document_comes_through_the_gateway_both_ways_and_goes_upstream() {
    let stack = Stack::shared(&[Bqs]).await;
    let (channel, case) = dealer(&stack).await;
    let bytes = pdf(2000);
    let text = BASE64_STANDARD.encode(&bytes);
    let hash = runtime::port::blob::sha256(&bytes);
    for file in [
        ("file", "application/pdf", &bytes[..]),
        ("fileBase64", "", text.as_bytes()),
    ] {
        let got = upload(&stack, &channel.key, &case.to_string(), &[file, CODE]).await;
        assert_eq!(got.status, 201, "{}", got.text);
        assert_eq!(
            (&got.json()["sha256"], &got.json()["size"]),
            (&json!(hash), &json!(2000))
        );
    }
    let made = changes(&stack, case, 3).await;
    let operations: Vec<_> = made.iter().map(|change| change["operation"].clone()).collect();
    assert_eq!(operations, ["create", "document", "document"]);
}

#[tokio::test]
async fn bodies_without_a_good_document_are_refused() {
    let stack = Stack::shared(&[Bqs]).await;
    let (channel, case) = dealer(&stack).await;
    let stranger = stack.channel(&WRITER, &[DEALER]).await;
    let reader = stack.channel(&["case.read"], &[DEALER]).await;
    let file: Field = ("file", "application/pdf", b"%PDF-1.4\n%%EOF");
    let (own, text) = (case.to_string(), ("fileBase64", "", &b"JVBERi0xLjQKJSVFT0Y="[..]));
    let large = pdf(4 * 1024 * 1024);
    for (key, case, fields, status) in [
        (&channel.key, own.as_str(), vec![file, text, CODE], 400),
        (&channel.key, &own, vec![CODE], 400),
        (&channel.key, &own, vec![file], 400),
        (
            &channel.key,
            &own,
            vec![("fileBase64", "", &b"JVBERi0xLjQ"[..]), CODE],
            400,
        ),
        (
            &channel.key,
            &own,
            vec![("file", "application/pdf", &b"<svg/>"[..]), CODE],
            415,
        ),
        (
            &channel.key,
            &own,
            vec![("file", "application/pdf", &b"<html></html>"[..]), CODE],
            415,
        ),
        (
            &channel.key,
            &own,
            vec![("file", "application/pdf", &b"%PDF-1.4 cut"[..]), CODE],
            400,
        ),
        (&channel.key, &own, vec![("file", "application/pdf", &large), CODE], 413),
        (&channel.key, "abc", vec![file, CODE], 400),
        (&channel.key, "999999999", vec![file, CODE], 404),
        (&stranger.key, &own, vec![file, CODE], 403),
        (&reader.key, &own, vec![file, CODE], 403),
        (&"unknown.key".to_owned(), &own, vec![file, CODE], 401),
    ] {
        let got = upload(&stack, key, case, &fields).await;
        assert_eq!(got.status, status, "{case}: {}", got.text);
    }
    let json = stack
        .send_with_key(
            Method::POST,
            &format!("/v1/bqs-case/document/{own}"),
            &channel.key,
            Some("{}"),
        )
        .await;
    assert_eq!(json.status, 415, "{}", json.text);
}

#[tokio::test]
async fn a_document_too_large_for_the_gateway_is_uploaded_one_time() {
    let stack = Stack::shared(&[Bqs]).await;
    let (channel, case) = dealer(&stack).await;
    let large = pdf(4 * 1024 * 1024);
    let file = ("file", "application/pdf", &large[..]);
    let refused = upload(&stack, &channel.key, &case.to_string(), &[file, CODE]).await;
    assert_eq!(refused.status, 413, "{}", refused.text);
    let instead = format!("/v1/bqs-case/document/{case}/upload");
    let offered = refused.resolve(refused.json()["instead"].as_str().unwrap());
    assert_eq!(offered, format!("{}{instead}", stack.base_url()));

    let body = json!({"code": "123", "contentType": "application/pdf", "size": large.len()}).to_string();
    let offered = stack
        .send_with_key(Method::POST, &instead, &channel.key, Some(&body))
        .await;
    assert_eq!(offered.status, 201, "{}", offered.text);
    let offer = offered.json();
    let put = async |skipped: &str, changed: (&str, &str), bytes: Vec<u8>| {
        let headers = offer["upload"]["headers"].as_object().unwrap();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        // The HTTP client sets the length itself.
        let own = headers.filter(|(name, _)| ![skipped, changed.0, "content-length"].contains(name));
        let headers: Vec<_> = own
            .chain([changed].into_iter().filter(|(name, _)| !name.is_empty()))
            .collect();
        let url = offer["upload"]["url"].as_str().unwrap();
        stack.send_raw(Method::PUT, url, &headers, bytes).await.status
    };
    assert_eq!(put("", ("", ""), pdf(large.len() - 1)).await, 403, "another length");
    assert_eq!(
        put("", ("content-type", "text/html"), large.clone()).await,
        403,
        "another type"
    );
    assert_eq!(
        put("if-none-match", ("", ""), large.clone()).await,
        403,
        "without the condition"
    );
    assert_eq!(put("", ("", ""), large.clone()).await, 200);
    assert_eq!(put("", ("", ""), large.clone()).await, 412, "a second time");

    // The hub looks for the upload some minutes later, and this test does not wait for that.
    let wake = json!({"sequence": case, "upload": offer["documentId"]});
    stack.enqueue("bqsForward", &wake).await;
    let made = changes(&stack, case, 2).await;
    assert_eq!(made[1]["operation"], "document");
}

#[tokio::test]
async fn a_png_of_a_hundred_thousand_pixels_a_side_goes_nowhere() {
    let stack = Stack::shared(&[Bqs, Funders]).await;
    let (channel, case) = dealer(&stack).await;
    let text = format!("huge {}", uuid::Uuid::new_v4());
    let png = Stack::huge_png(&text);
    let direct = upload(
        &stack,
        &channel.key,
        &case.to_string(),
        &[("file", "image/png", &png), CODE],
    )
    .await;
    assert_eq!(direct.status, 400, "{}", direct.text);

    let body = json!({"code": "123", "contentType": "image/png", "size": png.len()}).to_string();
    let path = format!("/v1/bqs-case/document/{case}/upload");
    let offer = stack
        .send_with_key(Method::POST, &path, &channel.key, Some(&body))
        .await
        .json();
    put(&stack, case, &offer, png.clone()).await;
    checked(&stack, offer["documentId"].as_str().unwrap(), "refused").await;
    let path = format!("/v1/bqs-case/case/{case}");
    let shown = stack.send_with_key(Method::GET, &path, &channel.key, None).await;
    assert_eq!(
        shown.json()["refusedDocuments"][0]["reason"],
        "unacceptable",
        "{}",
        shown.text
    );

    let (proposal, _) = sample(&stack, "LEX", "Accepted").await;
    let proposal = proposal.replace("JVBERi0xLjQKJSVFT0YK", &BASE64_STANDARD.encode(&png));
    assert_eq!(propose(&stack, &proposal).await.status, 422);
    let made = changes(&stack, case, 1).await;
    assert_eq!(made.len(), 1, "{made:?}");
    let calls = stack.control(Method::GET, "/calls", None).await.to_string();
    assert!(!Canary::new("the file's text", &text).is_in(&calls));
}

#[tokio::test]
async fn a_document_that_was_announced_before_its_channel_was_revoked_does_not_go_upstream() {
    let stack = Stack::shared(&[Bqs]).await;
    for (roles, dealers) in [(&[][..], &[DEALER][..]), (&WRITER[..], &[730][..])] {
        let (channel, case) = dealer(&stack).await;
        let bytes = pdf(2000);
        let offer = announce(&stack, &channel.key, case, bytes.len()).await;
        stack.permit(&channel.name, roles, dealers).await;
        put(&stack, case, &offer, bytes).await;
        let id = offer["documentId"].as_str().unwrap();
        checked(&stack, id, "refused").await;
        stack.permit(&channel.name, &WRITER, &[DEALER]).await;
        let path = format!("/v1/bqs-case/case/{case}");
        let shown = stack.send_with_key(Method::GET, &path, &channel.key, None).await.json();
        let refused = &shown["refusedDocuments"][0];
        assert_eq!(
            (&refused["documentId"], &refused["reason"]),
            (&json!(id), &json!("not-permitted"))
        );
        // The next change has the next number.
        let put = stack
            .send_with_key(
                Method::PUT,
                &path,
                &channel.key,
                Some(r#"{"externalSystemReference":"x"}"#),
            )
            .await;
        assert_eq!(put.status, 200, "{}", put.text);
        let made = changes(&stack, case, 2).await;
        assert_eq!(made[1]["operation"], "update");
    }
}
