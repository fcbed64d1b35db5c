//! Who gets which answer.

use crate::testing::{Sample, harness};

#[tokio::test(start_paused = true)]
async fn a_caller_gets_its_own_subject() {
    let harness = harness();
    let sample = Sample::of(include_str!("../../../../events/operations-example.json"));
    let response = harness.as_customer().request(sample.method, &sample.path).await;
    assert_eq!(response.text("caller"), "john", "{}", response.text);
    assert_eq!(harness.anonymous().get("/api/example").await.status, 401);
}
