//! A quote, from the request to the rows it leaves.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::lock::Domain::Funders;
use crate::stack::Stack;

/// A new idempotency key or correlation id.
fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

async fn wait_until_generated(stack: &Stack, id: &str) {
    let path = format!("/api/integration/quotes/{id}/status");
    stack
        .until(&path, &stack.customer(), |got| {
            got.json()["data"]["status"] == "GENERATED"
        })
        .await;
}

#[tokio::test]
async fn the_sample_is_priced_and_leaves_its_rows() {
    let stack = Stack::shared(&[Funders]).await;
    let correlation = id();
    let got = stack.quote(&[("x-correlation-id", &correlation)]).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let data = got.json()["data"].clone();
    assert_eq!(
        (data["status"].as_str(), data["funderName"].as_str()),
        (Some("GENERATED"), Some("LEX"))
    );
    assert!(
        data["monthlyPayment"].as_f64().unwrap() > 0.0 && data["externalQuoteId"].as_str().unwrap().starts_with('Q')
    );
    assert_eq!(got.header("x-correlation-id"), Some(correlation.as_str()));

    let id = data["id"].as_str().unwrap();
    let status = stack.quote_status(id).await;
    let mut shown = status.json()["data"].clone();
    // The stored response of a key has nothing about the customer.
    for member in ["customerDetails", "vehicleDetails", "contractDetails", "source"] {
        assert!(!shown[member].take().is_null() && data[member].is_null(), "{member}");
    }
    assert_eq!((status.status, shown), (200, data.clone()));

    let quotes = stack.rows("funders", "id", id).await;
    assert_eq!((quotes.len(), &quotes[0]["status"]), (1, &json!({"S": "GENERATED"})));
    assert!(
        quotes[0]["price"]["M"]["monthly_payment"]["M"]["minor"]["N"].is_string(),
        "rows hold money in whole pence"
    );
    let log = stack.rows("integrationLog", "correlationId", &correlation).await;
    assert_eq!(
        (log.len(), &log[0]["status"], &log[0]["operation"]),
        (1, &json!({"S": "SUCCESS"}), &json!({"S": "quote"}))
    );
}

#[tokio::test]
async fn a_hundred_requests_with_one_key_are_priced_once() {
    let stack = Stack::shared(&[Funders]).await;
    let (key, correlation) = (id(), id());
    let header = [("idempotency-key", key.as_str()), ("x-correlation-id", &correlation)];
    stack
        .script_for(&correlation, "lex/quote", json!([{"delay": 500}]))
        .await;
    let all = join_all((0..100).map(|_| stack.quote(&header))).await;
    let count = |status: u16| all.iter().filter(|got| got.status == status).count();
    assert_eq!(
        count(201) + count(409),
        100,
        "{:?}",
        all.iter().map(|got| got.status).collect::<Vec<_>>()
    );
    assert!(count(201) >= 1);
    assert_eq!(stack.calls_for(&correlation, "lex/quote").await, 1);
    let again = stack.quote(&header).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(all.iter().find(|got| got.status == 201).unwrap().text, again.text);
}

#[tokio::test]
async fn a_quote_that_the_funder_fails_is_retried_from_the_queue() {
    let stack = Stack::shared(&[Funders]).await;
    let (key, correlation) = (id(), id());
    let script = json!([{"status": 500, "times": 4}]);
    stack.script_for(&correlation, "lex/quote", script).await;
    let headers = [("idempotency-key", key.as_str()), ("x-correlation-id", &correlation)];
    let got = stack.quote(&headers).await;
    assert_eq!(
        (got.status, got.json()["data"]["status"].as_str()),
        (202, Some("PENDING"))
    );
    assert_eq!(stack.calls_for(&correlation, "lex/quote").await, 4);
    let id = got.json()["data"]["id"].as_str().unwrap().to_owned();
    let status = format!("{}/api/integration/quotes/{id}/status", stack.base_url());
    assert_eq!(got.location(), Some(status));
    wait_until_generated(&stack, &id).await;
    assert_eq!(stack.calls_for(&correlation, "lex/quote").await, 5);
    let replay = stack.quote(&[("idempotency-key", &key)]).await;
    assert_eq!(
        (replay.status, replay.json()["data"]["id"].as_str()),
        (201, Some(id.as_str())),
        "a replay answers with the quote as it is now"
    );
}

#[tokio::test]
async fn respond_async_is_answered_before_the_funder_is_called() {
    let stack = Stack::shared(&[Funders]).await;
    let correlation = id();
    let headers = [("prefer", "respond-async"), ("x-correlation-id", &correlation)];
    let got = stack.quote(&headers).await;
    let calls = stack.calls_for(&correlation, "lex/quote").await;
    assert_eq!((got.status, calls), (202, 0));
    wait_until_generated(&stack, got.json()["data"]["id"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_caller_that_disconnected_finds_the_same_quote() {
    let stack = Stack::shared(&[Funders]).await;
    let (key, correlation) = (id(), id());
    let header = [("idempotency-key", key.as_str()), ("x-correlation-id", &correlation)];
    let script = json!([{"delay": 3_000}]);
    stack.script_for(&correlation, "lex/quote", script).await;
    let left = tokio::time::timeout(Duration::from_secs(1), stack.quote(&header)).await;
    assert!(left.is_err(), "the funder is slower than the caller");
    let mut again = stack.quote(&header).await;
    assert_eq!(
        (again.status, again.header("retry-after")),
        (409, Some("1")),
        "{}",
        again.text
    );
    while again.status == 409 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        again = stack.quote(&header).await;
    }
    assert_eq!(
        (again.status, again.json()["data"]["status"].as_str()),
        (201, Some("GENERATED")),
        "{}",
        again.text
    );
    assert_eq!(stack.calls_for(&correlation, "lex/quote").await, 1);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}
