//! The calls of a quote as staff see them: rows of the log, and metrics.

use http::Method;
use serde_json::{Value, json};

use crate::lock::Domain::Funders;
use crate::stack::Stack;

async fn get(stack: &Stack, path: &str) -> Value {
    let got = stack.get(path, &stack.text("/tokens/staff")).await;
    assert_eq!(got.status, 200, "{path}: {}", got.text);
    got.json()
}

#[tokio::test]
async fn staff_find_every_attempt_by_its_correlation_id() {
    let stack = Stack::shared(&[Funders]).await;
    let correlation = uuid::Uuid::new_v4().to_string();
    stack
        .script_for(&correlation, "lex/quote", json!([{"status": 503}]))
        .await;
    assert_eq!(stack.quote(&[("x-correlation-id", &correlation)]).await.status, 201);
    let path = format!("/api/integration/logs?correlationId={correlation}&limit=1");
    let newest = get(&stack, &path).await;
    let cursor = newest["nextCursor"].as_str().unwrap();
    let older = get(&stack, &format!("{path}&cursor={cursor}")).await;
    let attempt = |page: &Value| (page["data"][0]["status"].clone(), page["data"][0]["retryCount"].clone());
    assert_eq!(
        (attempt(&newest), attempt(&older)),
        ((json!("SUCCESS"), json!(1)), (json!("RETRY"), json!(0)))
    );
    let quote = newest["data"][0]["subjectId"].as_str().unwrap();
    let of_quote = get(&stack, &format!("/api/integration/logs?subjectId={quote}")).await;
    let statuses: Vec<&Value> = of_quote["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["status"])
        .collect();
    assert_eq!(statuses, [&json!("SUCCESS"), &json!("RETRY")]);
    let shown = get(&stack, &format!("/api/quotes/{quote}")).await;
    assert_eq!(shown["data"]["correlationId"], correlation.as_str());
    let staff = stack.text("/tokens/staff");
    let unknown = stack.get("/api/integration/logs?quoteId=1", &staff).await;
    assert_eq!(unknown.status, 422, "{}", unknown.text);
    let changed = format!("{path}&cursor={cursor}0");
    assert_eq!(stack.send(Method::GET, &changed, &staff, None, &[]).await.status, 422);
}

#[tokio::test]
async fn staff_find_the_newest_calls_and_their_numbers() {
    let stack = Stack::exclusive(&[Funders]).await;
    let correlation = uuid::Uuid::new_v4().to_string();
    assert_eq!(stack.quote(&[("x-correlation-id", &correlation)]).await.status, 201);
    let rows = get(
        &stack,
        "/api/integration/logs?funder=LEX&environment=SANDBOX&status=SUCCESS",
    )
    .await;
    assert_eq!(rows["data"][0]["correlationId"], correlation.as_str());
    let numbers = get(&stack, "/api/integration/metrics").await;
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
