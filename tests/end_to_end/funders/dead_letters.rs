//! Dead messages of quotes. `cargo xtask redrive` moves them back: every message arrives, and none has its effect twice.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::lock::Domain::Funders;
use crate::stack::Stack;

/// The number of quotes without a message. `TRUNKLINE_REDRIVE` sets another number.
const QUOTES: usize = 20;

fn quotes() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a run by hand may take longer")]
    let given = std::env::var("TRUNKLINE_REDRIVE").ok();
    given.map_or(QUOTES, |given| given.parse().unwrap())
}

/// Makes accepted quotes whose messages are lost. Returns those messages.
async fn stranded(stack: &Stack, number: usize) -> Vec<Value> {
    // While the funder throttles the hub, the hub accepts quotes and does not call it. A hundred quotes take some seconds.
    let wait = 12 + number / 10;
    let answer = json!({"status": 429, "headers": {"retry-after": wait.to_string()}, "times": number + 10});
    stack.script_lex(json!([answer])).await;
    let mut ids = Vec::new();
    while ids.len() < number {
        for got in join_all((0..10).map(|_| stack.quote(&[]))).await {
            assert_eq!(got.status, 202, "{}", got.text);
            ids.push(got.json()["data"]["id"].as_str().unwrap().to_owned());
        }
    }
    stack.script_lex(json!([])).await;
    for queue in ["quoteFollowUp", "quoteRetry"] {
        stack.purge(queue).await;
    }
    tokio::time::sleep(Duration::from_secs(wait.try_into().unwrap())).await;
    let mut messages = Vec::new();
    for id in ids {
        let row = &stack.rows("funders", "id", &id).await[0];
        let attempt: u32 = row["attempt"]["N"].as_str().unwrap().parse().unwrap();
        messages.push(json!({"id": id, "attempt": attempt}));
    }
    messages
}

async fn bury(stack: &Stack, messages: &[Value]) {
    let dead = stack.queue_url("quoteRetryDlq");
    for some in messages.chunks(10) {
        let entries = some.iter().enumerate();
        let entries =
            entries.map(|(index, message)| json!({"Id": index.to_string(), "MessageBody": message.to_string()}));
        let request = json!({"QueueUrl": dead, "Entries": entries.collect::<Vec<_>>()});
        stack.service("sqs", "AmazonSQS.SendMessageBatch", request).await;
    }
}

async fn dead(stack: &Stack) -> usize {
    stack.depth("quoteRetryDlq").await.try_into().unwrap()
}

/// Waits until workers have handled every message that was moved back. The queue may also have attempts of earlier tests' quotes.
async fn worked_off(stack: &Stack, moved: &[Value]) {
    let mut left = Vec::new();
    for _ in 0..600 {
        left = stack.messages().await;
        left.retain(|message| {
            let body = message.to_string();
            let is_about = |moved: &Value| body.contains(moved["id"].as_str().unwrap());
            body.contains("attempt") && moved.iter().any(is_about)
        });
        if left.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{left:?} are left");
}

#[tokio::test]
async fn dead_messages_moved_back_twice_have_their_effect_once() {
    let stack = Stack::exclusive(&[Funders]).await;
    let messages = stranded(&stack, quotes()).await;
    stack.purge("quoteRetryDlq").await;
    bury(&stack, &messages).await;
    let listed = stack.xtask(&["redrive", "--queue", "quoteRetry", "--dry-run"]);
    for message in &messages {
        let id = message["id"].as_str().unwrap();
        assert!(listed.contains(&format!("received too often  id={id}\n")), "{listed}");
    }
    assert_eq!(dead(&stack).await, messages.len());

    for round in 1..=2 {
        let output = stack.xtask(&["redrive", "--queue", "quoteRetry", "--max-rate", "100"]);
        assert!(
            output.contains(&format!("{} moved back to quoteRetry", messages.len())),
            "{output}"
        );
        assert_eq!(dead(&stack).await, 0);
        worked_off(&stack, &messages).await;
        for message in &messages {
            let got = stack.quote_status(message["id"].as_str().unwrap()).await;
            assert_eq!(got.json()["data"]["status"], "GENERATED", "{}", got.text);
        }
        assert_eq!(stack.lex_calls().await, messages.len(), "round {round}");
        bury(&stack, &messages).await;
    }
    stack.purge("quoteRetryDlq").await;

    let audit = stack.rows("integrationLog", "pk", "REDRIVE#quoteRetry").await;
    let moved = audit.iter().flat_map(|row| row["messages"]["L"].as_array().unwrap());
    let moved: BTreeSet<_> = moved.map(|id| id["S"].as_str().unwrap()).collect();
    assert!(moved.len() >= 2 * messages.len());
    assert!(
        audit
            .iter()
            .all(|row| row["operator"]["S"].as_str().unwrap().starts_with("arn:aws:"))
    );
}

#[tokio::test]
async fn a_malformed_message_goes_to_the_dead_letter_queue_with_its_reason() {
    let stack = Stack::shared(&[Funders]).await;
    let poison = format!("poison {}", uuid::Uuid::new_v4());
    let sender = stack.ports().sender;
    sender
        .send(&stack.queue_url("quoteRetry"), poison.clone(), Duration::ZERO, None)
        .await
        .unwrap();
    for _ in 0..20 {
        let request = json!({"QueueUrl": stack.queue_url("quoteRetryDlq"), "WaitTimeSeconds": 1, "MessageAttributeNames": ["All"], "MaxNumberOfMessages": 10});
        let got = stack.service("sqs", "AmazonSQS.ReceiveMessage", request).await;
        let found = got["Messages"]
            .as_array()
            .and_then(|all| all.iter().find(|message| message["Body"] == poison.as_str()).cloned());
        if let Some(message) = found {
            assert_eq!(message["MessageAttributes"]["reason"]["StringValue"], "malformed");
            return;
        }
    }
    panic!("the message did not arrive");
}
