//! Access: the role of each route is checked before everything else. And the sample events.

mod reads;

use std::time::Duration;

use runtime::http::auth::Right::{Admin, Staff};
use runtime::testing::access::{checks_callers_first, protected, with_quota};
use runtime::testing::queries::refuses_unknown_parameters;
use serde_json::json;

use super::functions;
use crate::testing::{Sample, event, harness};

const SUBSCRIPTIONS: &str = "/api/integration/subscriptions";
const URL: &str = "https://hooks.example.com/in";

#[test]
fn callers_and_idempotency_are_as_specified() {
    let specified = [
        ("operations-logs", Staff, false),
        ("operations-metrics", Staff, false),
        ("operations-subscription-create", Admin, true),
        ("operations-subscription-list", Admin, false),
        ("operations-subscription-delete", Admin, false),
        ("operations-delivery-list", Staff, false),
        ("operations-delivery-replay", Staff, true),
        ("operations-erasure-create", Admin, false),
        ("operations-erasure-get", Admin, false),
    ];
    assert_eq!(protected(&functions()), specified);
}

#[test]
fn a_replay_has_a_quota() {
    assert_eq!(with_quota(&functions()), ["operations-delivery-replay"]);
}

#[tokio::test(start_paused = true)]
async fn lists_refuse_unknown_parameters() {
    let harness = harness();
    assert_eq!(refuses_unknown_parameters(&harness, &harness).await, 4);
}

#[tokio::test(start_paused = true)]
async fn callers_are_checked_before_anything_else() {
    let harness = harness();
    checks_callers_first(&harness, &harness).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_role_is_refused_before_an_idempotency_key_is_looked_up() {
    let h = harness();
    let body = json!({"url": URL, "eventTypes": ["quote.failed"]}).to_string();
    let other = body.replace("failed", "generated");
    let admin = h.as_admin();
    // The same subject: its keys are the admin's.
    let former = h.as_person("admin", "admin@example.com", &["staff"]);
    assert_eq!(admin.post(SUBSCRIPTIONS, &body).key("done").await.status, 201);
    // This instance crashes between the claim of its key and its commit, and the key stays claimed until its lease ends.
    let crashing = admin.crash_after(2);
    let running = crashing.post(SUBSCRIPTIONS, &body).key("running").attempt();
    assert!(tokio::time::timeout(Duration::from_secs(1), running).await.is_err());
    for (key, body, status) in [("done", &body, 201), ("done", &other, 422), ("running", &body, 409)] {
        let refused = former.post(SUBSCRIPTIONS, body).key(key).await;
        assert_eq!((refused.status, refused.code()), (403, "forbidden".into()), "{key}");
        assert_eq!(admin.post(SUBSCRIPTIONS, body).key(key).await.status, status, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_sample_events_are_understood() {
    let h = harness();
    for (name, sample, status) in [
        ("health", include_str!("../../../../events/operations-health.json"), 200),
        ("logs", include_str!("../../../../events/operations-logs.json"), 200),
        (
            "metrics",
            include_str!("../../../../events/operations-metrics.json"),
            200,
        ),
        ("docs", include_str!("../../../../events/operations-docs.json"), 200),
        (
            "subscription-create",
            include_str!("../../../../events/operations-subscription-create.json"),
            201,
        ),
        (
            "subscription-list",
            include_str!("../../../../events/operations-subscription-list.json"),
            200,
        ),
        (
            "subscription-delete",
            include_str!("../../../../events/operations-subscription-delete.json"),
            404,
        ),
        (
            "delivery-list",
            include_str!("../../../../events/operations-delivery-list.json"),
            200,
        ),
        (
            "delivery-replay",
            include_str!("../../../../events/operations-delivery-replay.json"),
            404,
        ),
    ] {
        let sample = Sample::of(sample);
        let admin = h.as_admin();
        let mut request = admin.request(sample.method, &sample.path);
        if let Some(body) = sample.body {
            request = request.body(body);
        }
        let got = request.await;
        assert_eq!(got.status, status, "{name}: {}", got.text);
    }
    assert_eq!(h.deliver("operations-delivery-send", &event(1)).await, Some(true));
    let sample = Sample::of(include_str!("../../../../events/operations-fallback.json"));
    let got = h.call("operations-fallback", &sample.method, &sample.path).await;
    assert_eq!(got.status, 404);
}
