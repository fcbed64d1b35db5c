//! Messages and events that no worker can read.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::canary_values::CanaryValues;
use crate::stack::Stack;

pub async fn send_to_all(stack: &Stack, values: &CanaryValues) {
    let word = values.word("poison");
    let sender = stack.ports().sender;
    for queue in stack.queues().iter().filter(|queue| !queue.ends_with("Dlq")) {
        let url = stack.text(&format!("/queues/{queue}"));
        for body in [
            word.clone(),
            json!({"id": word, "funder": word, "event": [word]}).to_string(),
        ] {
            sender.send(&url, body, Duration::ZERO, None).await.unwrap();
        }
    }
    let event = json!({"Records": word, "headers": [word], "body": {"x": word}});
    let functions = stack.description["functions"].as_object().unwrap();
    let each = functions.keys().map(|name| stack.invoke(name, &event));
    let answers = join_all(each).await;
    assert!(
        answers.iter().all(|answer| !answer.to_string().contains(&word)),
        "{answers:?}"
    );
}
