//! Every row of the failure table once on the deployed stack. `functions/funders` tests every row at every position.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::lock::Domain::Funders;
use crate::quote::{GENERATE, SAMPLE};
use crate::stack::{HubResponse, Stack};

/// The response to a quote for which LEX answers so, the number of calls that LEX received, and the time that it took.
async fn quote_of(stack: &Stack, script: Value) -> (HubResponse, usize, Duration) {
    let correlation = uuid::Uuid::new_v4().to_string();
    stack.script_for(&correlation, "lex/quote", script).await;
    let started = Instant::now();
    let got = stack.quote(&[("x-correlation-id", &correlation)]).await;
    let time = started.elapsed();
    (got, stack.calls_for(&correlation, "lex/quote").await, time)
}

fn within(time: Duration, low: f64, high: f64) {
    assert!((low..high).contains(&time.as_secs_f64()), "{time:?}");
}

/// Asserts that the response and the quote's row name the same failure.
async fn failed(stack: &Stack, got: &HubResponse, status: u16, code: &str) {
    assert_eq!(
        (got.status, got.json()["code"].as_str()),
        (status, Some(code)),
        "{}",
        got.text
    );
    assert_eq!(got.header("content-type"), Some("application/problem+json"));
    let id = got.json()["quoteId"].as_str().unwrap().to_owned();
    let data = stack.quote_status(&id).await.json()["data"].clone();
    assert_eq!(
        (data["status"].as_str(), data["failure"]["code"].as_str()),
        (Some("FAILED"), Some(code))
    );
}

#[tokio::test]
async fn a_5xx_a_reset_and_a_429_are_tried_again() {
    let stack = Stack::exclusive(&[Funders]).await;
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
async fn a_funder_that_does_not_answer_costs_one_attempt() {
    let stack = Stack::shared(&[Funders]).await;
    let (got, calls, time) = quote_of(&stack, json!([{"delay": 12_000}])).await;
    assert_eq!((got.status, calls), (201, 2), "{}", got.text);
    within(time, 9.0, 11.0);
}

#[tokio::test]
async fn the_caller_waits_for_a_short_delay_and_the_queue_for_a_long_one() {
    let stack = Stack::exclusive(&[Funders]).await;
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
    let (second, calls, _) = quote_of(&stack, json!([])).await;
    assert_eq!((second.status, calls), (202, 0), "the gate is shut for every caller");
    // The instance keeps the gate in memory too, so the next test could find it shut.
    tokio::time::sleep(Duration::from_secs(12)).await;
}

#[tokio::test]
async fn a_refusal_names_the_field_that_the_caller_can_correct() {
    let stack = Stack::shared(&[Funders]).await;
    let body = SAMPLE.replace("\"term\": 36", "\"term\": 1");
    let correlation = uuid::Uuid::new_v4().to_string();
    let headers = [("x-correlation-id", correlation.as_str())];
    let got = stack
        .send(Method::POST, GENERATE, &stack.customer(), Some(&body), &headers)
        .await;
    failed(&stack, &got, 422, "funder-rejected").await;
    assert_eq!(got.json()["errors"][0]["field"], "contractDetails.term");
    assert_eq!(stack.calls_for(&correlation, "lex/quote").await, 1);
}

#[tokio::test]
async fn refused_credentials_are_renewed_once() {
    let stack = Stack::shared(&[Funders]).await;
    let (got, calls, _) = quote_of(&stack, json!([{"status": 401}])).await;
    assert_eq!((got.status, calls), (201, 2), "{}", got.text);
    let (got, calls, _) = quote_of(&stack, json!([{"status": 401}, {"status": 403}])).await;
    assert_eq!(calls, 2);
    failed(&stack, &got, 502, "funder-auth").await;
}

#[tokio::test]
async fn an_unusable_success_is_never_a_price() {
    let stack = Stack::shared(&[Funders]).await;
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
async fn an_unreachable_funder_is_reported_at_once_if_retries_are_off() {
    let stack = Stack::exclusive(&[Funders]).await;
    let function = "funders-quote-generate";
    // Nothing listens on port 9, which is `discard`.
    let unreachable = ("LEX_SANDBOX_URL", "http://127.0.0.1:9/api/v1");
    let before = stack.configure(function, &[unreachable]).await;
    let started = Instant::now();
    let on = stack.quote(&[]).await;
    let time = started.elapsed();
    stack.configure(function, &[("API_RETRY_ENABLED", "false")]).await;
    let off = stack.quote(&[]).await;
    stack.restore(function, &before).await;
    assert_eq!((on.status, stack.lex_calls().await), (202, 0), "{}", on.text);
    within(time, 7.0, 9.0);
    failed(&stack, &off, 503, "funder-unreachable").await;
    assert_eq!(off.json()["retryable"], true);
}
