//! Every row of the failure table once for real. Every row at every position stands in `functions/funders`.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::stack::{Got, Stack};

async fn quote_of(stack: &Stack, script: Value) -> (Got, usize, Duration) {
    stack.script(script).await;
    let started = Instant::now();
    let got = stack.quote(&[]).await;
    (got, stack.calls().await, started.elapsed())
}

fn within(time: Duration, low: f64, high: f64) {
    assert!((low..high).contains(&time.as_secs_f64()), "{time:?}");
}

/// The quote's row and the caller agree.
async fn failed(stack: &Stack, got: &Got, status: u16, code: &str) {
    assert_eq!(
        (got.status, got.json()["code"].as_str()),
        (status, Some(code)),
        "{}",
        got.text
    );
    assert_eq!(got.header("content-type"), Some("application/problem+json"));
    let id = got.json()["quoteId"].as_str().unwrap().to_owned();
    let data = stack.status(&id).await.json()["data"].clone();
    assert_eq!(
        (data["status"].as_str(), data["failure"]["code"].as_str()),
        (Some("FAILED"), Some(code))
    );
}

#[tokio::test]
async fn a_5xx_a_reset_and_a_429_are_tried_again() {
    let stack = Stack::begin().await;
    let script = json!([{"status": 502, "body": "<html>bad gateway</html>"}, {"reset": true}, {"status": 429}]);
    let (got, calls, time) = quote_of(&stack, script).await;
    assert_eq!((got.status, calls), (201, 4), "{}", got.text);
    within(time, 7.0, 9.0);
    let log = stack
        .rows(
            "integrationLog",
            "correlationId",
            got.header("x-correlation-id").unwrap(),
        )
        .await;
    let mut seen: Vec<_> = log
        .iter()
        .map(|row| (row["retryCount"]["N"].as_str(), row["status"]["S"].as_str()))
        .collect();
    seen.sort_unstable();
    let retried = Some("RETRY");
    assert_eq!(
        seen,
        [
            (Some("0"), retried),
            (Some("1"), retried),
            (Some("2"), retried),
            (Some("3"), Some("SUCCESS"))
        ]
    );
}

#[tokio::test]
async fn a_silent_funder_costs_one_attempt() {
    let stack = Stack::begin().await;
    let (got, calls, time) = quote_of(&stack, json!([{"delay": 12_000}])).await;
    assert_eq!((got.status, calls), (201, 2), "{}", got.text);
    within(time, 9.0, 11.0);
}

#[tokio::test]
async fn a_short_wait_is_waited_and_a_long_one_is_left_to_the_queue() {
    let stack = Stack::begin().await;
    let (got, calls, time) = quote_of(&stack, json!([{"status": 503, "headers": {"retry-after": "2"}}])).await;
    assert_eq!((got.status, calls), (201, 2), "{}", got.text);
    within(time, 2.0, 3.5);
    let (got, calls, _) = quote_of(&stack, json!([{"status": 429, "headers": {"retry-after": "12"}}])).await;
    assert_eq!(
        (got.status, calls, got.header("retry-after")),
        (202, 1, Some("12")),
        "{}",
        got.text
    );
    let second = stack.quote(&[]).await;
    assert_eq!(
        (second.status, stack.calls().await),
        (202, 1),
        "the gate is shut for everybody"
    );
    // The gate lives in the sandbox's memory too: the next test must not find it shut.
    tokio::time::sleep(Duration::from_secs(12)).await;
}

#[tokio::test]
async fn a_refusal_is_the_callers_to_mend() {
    let stack = Stack::begin().await;
    let body = include_str!("../../events/bodies/quote.json").replace("\"term\": 36", "\"term\": 1");
    let token = stack.customer();
    let got = stack
        .send(
            Method::POST,
            "/api/integration/quotes/generate",
            &token,
            Some(&body),
            &[],
        )
        .await;
    failed(&stack, &got, 422, "funder-rejected").await;
    assert_eq!(got.json()["errors"][0]["field"], "contractDetails.term");
    assert_eq!(stack.calls().await, 1);
}

#[tokio::test]
async fn refused_credentials_are_renewed_once() {
    let stack = Stack::begin().await;
    let (got, calls, _) = quote_of(&stack, json!([{"status": 401}])).await;
    assert_eq!((got.status, calls), (201, 2), "{}", got.text);
    let (got, calls, _) = quote_of(&stack, json!([{"status": 401}, {"status": 403}])).await;
    assert_eq!(calls, 2);
    failed(&stack, &got, 502, "funder-auth").await;
}

#[tokio::test]
async fn an_unusable_success_is_never_a_price() {
    let stack = Stack::begin().await;
    for unusable in [
        json!({"body": {}}),
        json!({"body": "<html>"}),
        json!({"status": 200, "bodySize": 1_100_000}),
    ] {
        let (got, calls, _) = quote_of(&stack, json!([unusable, {"body": "{"}])).await;
        assert_eq!(calls, 2);
        failed(&stack, &got, 502, "funder-bad-response").await;
    }
}

#[tokio::test]
async fn an_unreachable_funder_with_retries_off_is_told_at_once() {
    let stack = Stack::begin().await;
    let function = "funders-quote-generate";
    let before = stack.lambda(Method::GET, function, "configuration", &Value::Null).await["Environment"].clone();
    let mut changed = before.clone();
    // Port 9 is `discard`: nobody listens there.
    changed["Variables"]["LEX_SANDBOX_URL"] = json!("http://127.0.0.1:9/api/v1");
    stack
        .lambda(Method::PUT, function, "configuration", &json!({"Environment": changed}))
        .await;
    let started = Instant::now();
    let on = stack.quote(&[]).await;
    let time = started.elapsed();
    changed["Variables"]["API_RETRY_ENABLED"] = json!("false");
    stack
        .lambda(Method::PUT, function, "configuration", &json!({"Environment": changed}))
        .await;
    let off = stack.quote(&[]).await;
    stack
        .lambda(Method::PUT, function, "configuration", &json!({"Environment": before}))
        .await;
    assert_eq!((on.status, stack.calls().await), (202, 0), "{}", on.text);
    within(time, 7.0, 9.0);
    failed(&stack, &off, 503, "funder-unreachable").await;
    assert_eq!(off.json()["retryable"], true);
}
