//! What staff see of a quote's calls, in the rows and in the numbers.

use http::Method;
use serde_json::{Value, json};

use crate::stack::Stack;

async fn ask(stack: &Stack, path: &str) -> Value {
    let staff = stack.token("somebody", "staff@example.com", &["staff"]);
    let got = stack.send(Method::GET, path, &staff, None, &[]).await;
    assert_eq!(got.status, 200, "{path}: {}", got.text);
    got.json()
}

#[tokio::test]
async fn staff_find_every_attempt_by_its_correlation_id() {
    let stack = Stack::begin().await;
    stack.script(json!([{"status": 503}])).await;
    let correlation = uuid::Uuid::new_v4().to_string();
    assert_eq!(stack.quote(&[("x-correlation-id", &correlation)]).await.status, 201);
    let path = format!("/api/integration/logs?correlationId={correlation}&limit=1");
    let newest = ask(&stack, &path).await;
    let cursor = newest["nextCursor"].as_str().unwrap();
    let older = ask(&stack, &format!("{path}&cursor={cursor}")).await;
    let told = |page: &Value| (page["data"][0]["status"].clone(), page["data"][0]["retryCount"].clone());
    assert_eq!(
        (told(&newest), told(&older)),
        ((json!("SUCCESS"), json!(1)), (json!("RETRY"), json!(0)))
    );
    let staff = stack.token("somebody", "staff@example.com", &["staff"]);
    let bent = format!("{path}&cursor={cursor}0");
    assert_eq!(stack.send(Method::GET, &bent, &staff, None, &[]).await.status, 400);
}

#[tokio::test]
async fn staff_find_the_newest_calls_and_their_numbers() {
    let stack = Stack::begin().await;
    let correlation = uuid::Uuid::new_v4().to_string();
    assert_eq!(stack.quote(&[("x-correlation-id", &correlation)]).await.status, 201);
    let rows = ask(
        &stack,
        "/api/integration/logs?funder=LEX&environment=SANDBOX&status=SUCCESS",
    )
    .await;
    assert_eq!(rows["data"][0]["correlationId"], correlation.as_str());
    let numbers = ask(&stack, "/api/integration/metrics").await;
    let lex = &numbers["data"]["funders"][0];
    assert_eq!(
        (&lex["funder"], &lex["environment"]),
        (&json!("LEX"), &json!("SANDBOX"))
    );
    assert!(
        lex["calls"].as_u64().unwrap() >= 1 && lex["responseTime"]["p99"].is_number(),
        "{lex}"
    );
}
