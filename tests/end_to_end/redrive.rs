//! Dead messages brought back by `cargo xtask redrive`: every one arrives, and none has its effect twice.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::stack::Stack;

/// How many quotes wait for their messages; `TRUNKLINE_REDRIVE` says another number.
const QUOTES: usize = 20;

fn number() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a run by hand may take longer")]
    let given = std::env::var("TRUNKLINE_REDRIVE").ok();
    given.map_or(QUOTES, |given| given.parse().unwrap())
}

/// Quotes that were accepted and have no message any more, as what a worker would be told of each.
async fn stranded(stack: &Stack, number: usize) -> Vec<Value> {
    // While the funder wants to be left alone quotes are accepted and nobody calls it. A hundred take some seconds.
    let wait = 12 + number / 10;
    let answer = json!({"status": 429, "headers": {"retry-after": wait.to_string()}, "times": number + 10});
    stack.script(json!([answer])).await;
    let mut ids = Vec::new();
    while ids.len() < number {
        for got in join_all((0..10).map(|_| stack.quote(&[]))).await {
            assert_eq!(got.status, 202, "{}", got.text);
            ids.push(got.json()["data"]["id"].as_str().unwrap().to_owned());
        }
    }
    stack.script(json!([])).await;
    purge(stack, "quoteRetry").await;
    tokio::time::sleep(Duration::from_secs(wait.try_into().unwrap())).await;
    let mut messages = Vec::new();
    for id in ids {
        let row = &stack.rows("funders", "id", &id).await[0];
        let attempt: u32 = row["attempt"]["N"].as_str().unwrap().parse().unwrap();
        messages.push(json!({"id": id, "attempt": attempt}));
    }
    messages
}

async fn purge(stack: &Stack, queue: &str) {
    let queue = json!({"QueueUrl": stack.text(&format!("/queues/{queue}"))});
    stack.service("sqs", "AmazonSQS.PurgeQueue", queue).await;
}

async fn bury(stack: &Stack, messages: &[Value]) {
    let dead = stack.text("/queues/quoteRetryDlq");
    for some in messages.chunks(10) {
        let entries = some.iter().enumerate();
        let entries =
            entries.map(|(index, message)| json!({"Id": index.to_string(), "MessageBody": message.to_string()}));
        let ask = json!({"QueueUrl": dead, "Entries": entries.collect::<Vec<_>>()});
        stack.service("sqs", "AmazonSQS.SendMessageBatch", ask).await;
    }
}

async fn dead(stack: &Stack) -> usize {
    stack.depth("quoteRetryDlq").await.try_into().unwrap()
}

/// Until workers have seen to everything that was brought back.
async fn worked_off(stack: &Stack) {
    for _ in 0..240 {
        if stack.depth("quoteRetry").await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("{} messages are left", stack.depth("quoteRetry").await);
}

#[tokio::test]
async fn dead_messages_brought_back_twice_have_their_effect_once() {
    let stack = Stack::begin().await;
    let messages = stranded(&stack, number()).await;
    purge(&stack, "quoteRetryDlq").await;
    bury(&stack, &messages).await;
    let listed = stack.tool(&["redrive", "--queue", "quoteRetry", "--dry-run"]);
    for message in &messages {
        let id = message["id"].as_str().unwrap();
        assert!(listed.contains(&format!("received too often  id={id}\n")), "{listed}");
    }
    assert_eq!(dead(&stack).await, messages.len());

    for round in 1..=2 {
        let said = stack.tool(&["redrive", "--queue", "quoteRetry", "--max-rate", "100"]);
        assert!(
            said.contains(&format!("{} moved back to quoteRetry", messages.len())),
            "{said}"
        );
        assert_eq!(dead(&stack).await, 0);
        worked_off(&stack).await;
        for message in &messages {
            let got = stack.status(message["id"].as_str().unwrap()).await;
            assert_eq!(got.json()["data"]["status"], "GENERATED", "{}", got.text);
        }
        assert_eq!(stack.calls().await, messages.len(), "round {round}");
        bury(&stack, &messages).await;
    }
    purge(&stack, "quoteRetryDlq").await;

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
