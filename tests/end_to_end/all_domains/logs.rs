//! The logs of every function, after the other tests.

use http::Method;
use runtime::port::clock::Clock;
use serde_json::json;

use crate::leaks::{Canary, hits};
use crate::stack::Stack;

#[tokio::test]
async fn the_logs_have_no_personal_data_and_no_secrets() {
    let stack = Stack::last().await;
    let correlation = uuid::Uuid::new_v4().to_string();
    let script =
        json!([{"status": 500, "body": "John Doe <john.doe@example.com> SW1A 1AA"}, {"status": 400, "body": "{}"}]);
    stack.script_for(&correlation, "lex/quote", script).await;
    assert_eq!(stack.quote(&[("x-correlation-id", &correlation)]).await.status, 422);
    for (path, key) in [("/webhooks/lex", "x-none"), ("/v1/bqs-case/case", "x-api-key")] {
        let url = stack.base_url() + path;
        let headers = [(key, "wrong"), ("x-correlation-id", correlation.as_str())];
        assert_eq!(
            stack
                .send_raw(Method::POST, &url, &headers, b"{}".to_vec())
                .await
                .status,
            401,
            "{path}"
        );
    }
    // A run of all tests takes less than this.
    let lines = stack.logs(Clock::System.now().as_millisecond() - 600_000).await;
    let canaries = ["John", "john.doe", "SW1A", "1985-06-20", "test-lex-secret", "eyJ"];
    let canaries = canaries.map(|value| Canary::new(value, value));
    for line in &lines {
        assert_eq!(hits(&canaries, line), Vec::<String>::new());
    }
    assert!(!lines.is_empty(), "the functions log");
    for counter in ["RefusedWebhooks", "RefusedCredentials"] {
        let counted = lines
            .iter()
            .filter(|line| line.text.contains(&correlation) && line.text.contains(counter));
        assert_eq!(counted.count(), 1, "{counter}");
    }
}
