//! Bad input and bad callers: a clear problem, and nothing changes.

use http::Method;

use crate::stack::Stack;

const GENERATE: &str = "/api/integration/quotes/generate";
const SAMPLE: &str = include_str!("../../events/bodies/quote.json");

/// Rows per table and calls to the funder: what must be the same before and after.
async fn counters(stack: &Stack) -> (i64, i64, i64, usize) {
    (
        stack.count("funders").await,
        stack.count("integrationLog").await,
        stack.count("idempotency").await,
        stack.calls().await,
    )
}

#[tokio::test]
async fn bad_input_gets_a_clear_problem_and_changes_nothing() {
    let stack = Stack::begin().await;
    let before = counters(&stack).await;
    let token = stack.customer();
    let cases = [
        (SAMPLE.replace("\"LEX\"", "\"ACME\""), 422, "invalid"),
        (SAMPLE.replace("SANDBOX", "MOON"), 422, "invalid"),
        (SAMPLE.replace("SANDBOX", "LIVE"), 422, "invalid"),
        (SAMPLE.replace("38000", "-38000"), 422, "invalid"),
        (SAMPLE.replace("38000", "\"much\""), 422, "invalid"),
        (SAMPLE.replace("john.doe@", "jane.doe@"), 403, "forbidden"),
        ("{\"customerDetails\":".into(), 400, "malformed"),
        (SAMPLE.replacen('{', "{\"funderName\":\"LEX\",", 1), 400, "malformed"),
        (
            format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40)),
            400,
            "malformed",
        ),
        (format!("{SAMPLE}{}", " ".repeat(1024 * 1024)), 413, "too-large"),
    ];
    for (body, status, code) in cases {
        let got = stack.send(Method::POST, GENERATE, &token, Some(&body), &[]).await;
        assert_eq!(
            (got.status, got.json()["code"].as_str()),
            (status, Some(code)),
            "{:.80}: {}",
            body,
            got.text
        );
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
    }
    let text = stack
        .send(
            Method::POST,
            GENERATE,
            &token,
            Some(SAMPLE),
            &[("content-type", "text/plain")],
        )
        .await;
    assert_eq!(text.status, 415);
    assert_eq!(counters(&stack).await, before);
}

#[tokio::test]
async fn somebody_elses_quote_is_exactly_as_absent_as_none() {
    let stack = Stack::begin().await;
    let id = stack.quote(&[]).await.json()["data"]["id"].as_str().unwrap().to_owned();
    let jane = stack.token("jane", "jane@example.com", &[]);
    let path = |id: &str| format!("/api/integration/quotes/{id}/status");
    let theirs = stack.send(Method::GET, &path(&id), &jane, None, &[]).await;
    assert_eq!(theirs.status, 404);
    for id in ["0190d5a0-0000-7000-8000-000000000001", "nonsense", "a%00b", "a%252fb"] {
        let absent = stack.send(Method::GET, &path(id), &jane, None, &[]).await;
        assert_eq!((absent.status, &absent.text), (404, &theirs.text), "{id}");
    }
    let staff = stack.token("s", "s@example.com", &["staff"]);
    assert_eq!(stack.send(Method::GET, &path(&id), &staff, None, &[]).await.status, 200);
}

#[tokio::test]
async fn what_no_route_takes_is_told_apart() {
    let stack = Stack::begin().await;
    for (method, path, status, allow) in [
        (Method::GET, "/nope", 404, None),
        (Method::POST, "/api/integration/quotes", 404, None),
        (Method::GET, GENERATE, 405, Some("POST")),
        (Method::DELETE, "/api/integration/quotes/x/status", 405, Some("GET")),
        (Method::PUT, "/health", 405, Some("GET")),
    ] {
        let got = stack.send(method, path, "", None, &[]).await;
        assert_eq!((got.status, got.header("allow")), (status, allow), "{path}");
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
    }
    for path in ["/health", "/api/health"] {
        let got = stack.send(Method::GET, path, "", None, &[]).await;
        assert_eq!((got.status, got.json()["status"].as_str()), (200, Some("ok")));
    }
}
