//! The sample events through the deployed functions, and the queue's way to its dead-letter queue.

use std::fs;
use std::time::Duration;

use http::Method;
use runtime::clock::Clock;
use serde_json::{Value, json};

use crate::leaks::{Canary, hits};
use crate::stack::Stack;
use crate::template::root;

fn event(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(format!("events/{name}.json"))).unwrap()).unwrap()
}

#[tokio::test]
async fn every_sample_event_is_answered_by_its_function() {
    let stack = Stack::begin().await;
    for (function, status) in [
        ("funders-quote-generate", 201),
        ("funders-quote-status", 404),
        ("operations-health", 200),
        ("operations-logs", 403),
        ("operations-metrics", 403),
        ("operations-docs", 200),
        ("operations-fallback", 404),
    ] {
        let mut event = event(function);
        if event["headers"]["authorization"].is_string() {
            event["headers"]["authorization"] = json!(format!("Bearer {}", stack.customer()));
        }
        let answer = stack.lambda(Method::POST, function, "invocations", &event).await;
        assert_eq!(answer["statusCode"], status, "{function}: {answer}");
    }
    // The sample's quote does not exist: a first delivery is kept for later.
    let answer = stack
        .lambda(
            Method::POST,
            "funders-quote-retry",
            "invocations",
            &event("funders-quote-retry"),
        )
        .await;
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1, "{answer}");
}

#[tokio::test]
async fn poison_ends_in_the_dead_letter_queue_with_its_reason() {
    let stack = Stack::begin().await;
    let queue = |name: &str| stack.description["queues"][name].as_str().unwrap().to_owned();
    let poison = format!("poison {}", uuid::Uuid::new_v4());
    let sender = stack.ports().sender;
    sender
        .send(&queue("quoteRetry"), poison.clone(), Duration::ZERO, None)
        .await
        .unwrap();
    for _ in 0..20 {
        let ask = json!({"QueueUrl": queue("quoteRetryDlq"), "WaitTimeSeconds": 1, "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10});
        let got = stack.service("sqs", "AmazonSQS.ReceiveMessage", ask).await;
        let found = got["Messages"]
            .as_array()
            .and_then(|all| all.iter().find(|message| message["Body"] == poison.as_str()).cloned());
        if let Some(message) = found {
            assert_eq!(message["MessageAttributes"]["reason"]["StringValue"], "malformed");
            return;
        }
    }
    panic!("the poison did not arrive");
}

#[tokio::test]
async fn nothing_personal_and_no_secret_is_logged() {
    let stack = Stack::begin().await;
    stack
        .script(
            json!([{"status": 500, "body": "John Doe <john.doe@example.com> SW1A 1AA"}, {"status": 400, "body": "{}"}]),
        )
        .await;
    assert_eq!(stack.quote(&[]).await.status, 422);
    // As far back as a run of all these tests may have begun.
    let lines = stack.logs(Clock::System.now().as_millisecond() - 600_000).await;
    let canaries = ["John", "john.doe", "SW1A", "1985-06-20", "test-lex-secret", "eyJ"];
    let canaries = canaries.map(|value| Canary::new(value, value));
    for line in &lines {
        assert_eq!(hits(&canaries, line), Vec::<String>::new());
    }
    assert!(!lines.is_empty(), "there is something to read");
}
