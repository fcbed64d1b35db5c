//! Cases on the deployed stack: many at once, requests that are refused and change nothing, and lost permissions.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use http::Method;
use serde_json::{Value, json};

use super::upstream::settled_rows;
use crate::channel::{ADMIN, Channel};
use crate::lock::Domain::Bqs;
use crate::stack::Stack;

const CASE: &str = "/v1/bqs-case/case";
const WRITER: [&str; 2] = ["case.write", "case.read"];
const AT_ONCE: usize = 16;

fn sample() -> Value {
    serde_json::from_str(include_str!("../../../functions/bqs/fixtures/case-private.json")).unwrap()
}

#[tokio::test]
async fn two_hundred_creates_at_once_have_two_hundred_numbers() {
    // The next test purges the messages of the two hundred cases.
    let stack = Stack::exclusive(&[Bqs]).await;
    let key = stack.channel(&WRITER, &[808]).await.key;
    let each = stream::iter(0..200).map(|_| stack.case(&key, 808));
    let numbers: BTreeSet<i64> = each.buffer_unordered(AT_ONCE).collect().await;
    assert_eq!(numbers.len(), 200);
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let stack = Stack::exclusive(&[Bqs]).await;
    let key = stack.channel(&WRITER, &[808]).await.key;
    let other = stack.channel(&WRITER, &[808]).await.key;
    let elsewhere = stack.channel(&WRITER, &[730]).await.key;
    let sequence = stack.case(&key, 808).await;
    let path = format!("{CASE}/{sequence}");
    let with = |member: &str, value: Value| {
        let mut body = sample();
        body[member] = value;
        body.to_string()
    };
    let only = |member: &str, value: Value| json!({member: value}).to_string();
    let before = (
        settled_rows(&stack).await,
        stack.send_with_key(Method::GET, &path, &key, None).await.text,
    );
    let refused = [
        (400, Method::POST, CASE, &key, "{\"dealer\": 808,".to_owned()),
        (400, Method::POST, CASE, &key, with("dealer", json!("eight"))),
        (400, Method::POST, CASE, &key, only("dealer", json!(808))),
        (400, Method::POST, CASE, &key, with("Dealer", json!(808))),
        (401, Method::POST, CASE, &"unknown.key".to_owned(), sample().to_string()),
        (403, Method::POST, CASE, &key, with("dealer", json!(730))),
        (403, Method::POST, CASE, &key, with("brandCode", json!(99))),
        (403, Method::POST, CASE, &key, with("agreementCode", json!(99))),
        (403, Method::PUT, &path, &key, only("dealer", json!(730))),
        (403, Method::PUT, &path, &key, only("brandCode", json!(99))),
        (403, Method::PUT, &path, &key, only("agreementCode", json!(99))),
        (
            403,
            Method::PUT,
            &path,
            &other,
            only("externalSystemReference", json!("x")),
        ),
        (
            404,
            Method::PUT,
            &path,
            &elsewhere,
            only("externalSystemReference", json!("x")),
        ),
        (
            400,
            Method::PUT,
            "/v1/bqs-case/case/abc",
            &key,
            only("externalSystemReference", json!("x")),
        ),
        (
            404,
            Method::PUT,
            "/v1/bqs-case/case/999999999",
            &key,
            only("externalSystemReference", json!("x")),
        ),
    ];
    for (status, method, path, key, body) in refused {
        let got = stack.send_with_key(method.clone(), path, key, Some(&body)).await;
        assert_eq!(got.status, status, "{method} {path} {body}: {}", got.text);
        assert!(
            got.json()["traceId"]
                .as_str()
                .is_some_and(|trace| trace.starts_with("00-"))
        );
    }
    let after = (
        settled_rows(&stack).await,
        stack.send_with_key(Method::GET, &path, &key, None).await.text,
    );
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_lost_permission_is_lost_with_the_next_request() {
    let stack = Stack::shared(&[Bqs]).await;
    let admin = stack.sample_key(ADMIN);
    let Channel { name, key } = stack.channel(&WRITER, &[808]).await;
    let sequence = stack.case(&key, 808).await;
    let read = || async {
        stack
            .send_with_key(Method::GET, &format!("{CASE}/{sequence}"), &key, None)
            .await
            .status
    };
    assert_eq!(read().await, 200);
    let path = format!("/v1/bqs-case/management/{name}");
    let none = json!({"channelName": name, "roles": [], "allowedDealerCodes": [], "allowedBrandCodes": [], "allowedAgreements": []});
    let put = stack
        .send_with_key(Method::PUT, &path, &admin, Some(&none.to_string()))
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(read().await, 403);
    let new = stack
        .send_with_key(Method::POST, &format!("{path}/key"), &admin, None)
        .await;
    assert_eq!(new.status, 201, "{}", new.text);
    assert_eq!(read().await, 401);
}
