//! Requests for quotes that are refused: the response names the problem, and nothing changes.

use http::Method;

use crate::lock::Domain::Funders;
use crate::quote::{GENERATE, SAMPLE};
use crate::stack::Stack;

#[tokio::test]
async fn bad_input_is_named_in_a_problem_and_changes_nothing() {
    let stack = Stack::whole().await;
    let token = stack.customer();
    let cases = [
        (SAMPLE.replace("\"LEX\"", "\"ACME\""), 422, "invalid"),
        (SAMPLE.replace("SANDBOX", "MOON"), 422, "invalid"),
        (SAMPLE.replace("SANDBOX", "LIVE"), 422, "invalid"),
        (SAMPLE.replace("38000", "-38000"), 422, "invalid"),
        (SAMPLE.replace("38000", "\"much\""), 422, "invalid"),
        (SAMPLE.replace("\"term\": 36", "\"term\": [36]"), 422, "invalid"),
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
    let send = async |id: &str| {
        // No idempotency key: the handler refuses some of these after the claim, and the record of a freed claim stays.
        let correlation = ("x-correlation-id", id);
        let post = async |body: &str, media: &str| {
            let headers = [("content-type", media), correlation];
            stack.send(Method::POST, GENERATE, &token, Some(body), &headers).await
        };
        for (body, status, code) in &cases {
            let got = post(body, "application/json").await;
            assert_eq!(
                (got.status, got.json()["code"].as_str()),
                (*status, Some(*code)),
                "{:.80}: {}",
                body,
                got.text
            );
            assert_eq!(got.header("content-type"), Some("application/problem+json"));
        }
        assert_eq!(post(SAMPLE, "text/plain").await.status, 415);
    };
    stack.assert_unchanged(&[], send).await;
}

#[tokio::test]
async fn every_fault_is_named_at_once_and_an_array_is_no_object() {
    let stack = Stack::shared(&[Funders]).await;
    let body = r#"{"contractDetails":[36,2500,12000,"PERSONAL_CONTRACT_HIRE"],"environment":"MOON","funderName":7,
        "customerDetails":{"email":"x","address":{}}}"#;
    let json = ("content-type", "application/json");
    let got = stack
        .send(Method::POST, GENERATE, &stack.customer(), Some(body), &[json])
        .await;
    let errors = got.json()["errors"].as_array().cloned().unwrap_or_default();
    let mut named: Vec<_> = errors
        .iter()
        .map(|error| error["field"].as_str().unwrap_or_default())
        .collect();
    named.sort_unstable();
    let wanted = [
        "contractDetails",
        "customerDetails.address.city",
        "customerDetails.address.line1",
        "customerDetails.address.postcode",
        "customerDetails.email",
        "customerDetails.firstName",
        "customerDetails.lastName",
        "environment",
        "funderName",
        "vehicleDetails",
    ];
    assert_eq!((got.status, named), (422, wanted.to_vec()), "{}", got.text);
}

#[tokio::test]
async fn a_quote_of_another_caller_looks_like_one_that_does_not_exist() {
    let stack = Stack::shared(&[Funders]).await;
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
