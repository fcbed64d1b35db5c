//! Access: the role of each route is checked before everything else. And the sample events.

use std::time::Duration;

use http::Method;
use runtime::http::auth::Right;
use runtime::testing::{Harness, TestRequest};
use serde_json::json;

use crate::Env;
use crate::testing::{Sample, event, harness, subscribe, subscription};

const SUBSCRIPTIONS: &str = "/api/integration/subscriptions";
const URL: &str = "https://hooks.example.com/in";
const ABSENT: &str = "0190d5a0-0000-7000-8000-00000000dead";

/// A request that is refused for another reason than the caller's role.
struct BadRequest {
    method: Method,
    path: String,
    content_type: Option<&'static str>,
    body: Option<String>,
    key: Option<&'static str>,
    right: Right,
    /// The response to a caller that holds the right.
    status: i64,
}

impl BadRequest {
    fn get(path: &str, right: Right, status: i64) -> Self {
        Self {
            method: Method::GET,
            path: format!("/api/integration/{path}"),
            content_type: None,
            body: None,
            key: None,
            right,
            status,
        }
    }

    fn post(path: &str, right: Right, body: impl Into<String>, status: i64) -> Self {
        Self {
            method: Method::POST,
            body: Some(body.into()),
            ..Self::get(path, right, status)
        }
    }

    fn send<'a>(&self, harness: &'a Harness<Env>) -> TestRequest<'a> {
        let mut request = harness.request(self.method.clone(), &self.path);
        if let Some(kind) = self.content_type {
            request = request.header("content-type", kind);
        }
        if let Some(body) = &self.body {
            request = request.body(body);
        }
        if let Some(key) = self.key {
            request = request.key(key);
        }
        request
    }
}

fn bad_requests(delivery: &str) -> Vec<BadRequest> {
    use Right::{Admin, Staff};
    let large = format!("{{\"url\":\"{}\"}}", "x".repeat(1024 * 1024));
    let replay = format!("deliveries/{delivery}/replay");
    let text = |request: BadRequest| BadRequest {
        content_type: Some("text/plain"),
        ..request
    };
    let bad_key = |request: BadRequest| BadRequest {
        key: Some("\t"),
        ..request
    };
    let valid = json!({"url": URL, "eventTypes": ["quote.failed"]}).to_string();
    let mut all = Vec::new();
    for (path, right) in [
        ("logs", Staff),
        ("metrics", Staff),
        ("deliveries", Staff),
        ("subscriptions", Admin),
    ] {
        let (name, bad) = if path == "metrics" { ("to", "x") } else { ("limit", "0") };
        all.push(BadRequest::get(&format!("{path}?{name}=1&{name}=2"), right, 400));
        all.push(BadRequest::get(&format!("{path}?{name}={bad}"), right, 422));
    }
    for (path, right) in [("subscriptions", Admin), (replay.as_str(), Staff)] {
        all.push(BadRequest::post(path, right, "{", 400));
        all.push(BadRequest::post(path, right, large.clone(), 413));
        all.push(text(BadRequest::post(path, right, "{}", 415)));
        all.push(bad_key(BadRequest::post(path, right, valid.clone(), 400)));
    }
    all.push(BadRequest::post("subscriptions", Admin, "{}", 422));
    all.push(BadRequest::post(&replay, Staff, "{}", 409));
    let absent = format!("deliveries/{ABSENT}/replay");
    all.push(BadRequest::post(&absent, Staff, "{}", 404));
    for (path, body, status) in [("nonsense", None, 404), (ABSENT, Some("{"), 400), (ABSENT, None, 404)] {
        all.push(BadRequest {
            method: Method::DELETE,
            body: body.map(str::to_owned),
            ..BadRequest::get(&format!("subscriptions/{path}"), Admin, status)
        });
    }
    all
}

#[tokio::test(start_paused = true)]
async fn a_missing_role_is_refused_before_a_bad_request() {
    let h = harness();
    let (id, _) = subscribe(&h, URL, &["quote.generated"]).await;
    assert_eq!(h.deliver("operations-delivery-send", &event(1)).await, Some(true));
    let list = h.as_staff().get("/api/integration/deliveries").await;
    let delivery = list.json()["deliveries"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(h.as_admin().delete(&subscription(&id)).await.status, 204);
    h.fakes.queue.take();
    let before = format!("{:?}", h.fakes.store.table("keys"));
    for bad in bad_requests(&delivery) {
        let (holder, lower) = match bad.right {
            Right::Admin => (h.as_admin(), Some(h.as_staff())),
            _ => (h.as_staff(), None),
        };
        let name = format!("{} {}", bad.method, bad.path);
        for caller in [Some(h.as_customer()), lower].into_iter().flatten() {
            let refused = bad.send(&caller).await;
            assert_eq!((refused.status, refused.code()), (403, "forbidden".into()), "{name}");
        }
        assert_eq!(bad.send(&h.anonymous()).await.status, 401, "{name}");
        let got = bad.send(&holder).await;
        assert_eq!(got.status, bad.status, "{name}: {}", got.text);
    }
    assert_eq!(
        format!("{:?}", h.fakes.store.table("keys")),
        before,
        "no key is claimed"
    );
    assert!(h.fakes.queue.take().is_empty());
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
        ("health", include_str!("../../../events/operations-health.json"), 200),
        ("logs", include_str!("../../../events/operations-logs.json"), 200),
        ("metrics", include_str!("../../../events/operations-metrics.json"), 200),
        ("docs", include_str!("../../../events/operations-docs.json"), 200),
        (
            "subscription-create",
            include_str!("../../../events/operations-subscription-create.json"),
            201,
        ),
        (
            "subscription-list",
            include_str!("../../../events/operations-subscription-list.json"),
            200,
        ),
        (
            "subscription-delete",
            include_str!("../../../events/operations-subscription-delete.json"),
            404,
        ),
        (
            "delivery-list",
            include_str!("../../../events/operations-delivery-list.json"),
            200,
        ),
        (
            "delivery-replay",
            include_str!("../../../events/operations-delivery-replay.json"),
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
    let sample = Sample::of(include_str!("../../../events/operations-fallback.json"));
    let got = h.call("operations-fallback", &sample.method, &sample.path).await;
    assert_eq!(got.status, 404);
}
