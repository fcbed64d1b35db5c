//! Who may subscribe to which events at which address, and who sees the secret.

use std::sync::Arc;
use std::time::Duration;

use runtime::testing::{Harness, SuspendAt, TestResponse, assert_faults_are_named};
use serde_json::{Value, json};

use crate::Env;
use crate::subscription::create::NewSubscription;
use crate::testing::{harness, subscribe, subscription};

const URL: &str = "https://hooks.example.com/in";
const SUBSCRIPTIONS: &str = "/api/integration/subscriptions";

fn body() -> Value {
    json!({"url": URL, "eventTypes": ["quote.generated", "quote.failed"]})
}

async fn list(h: &Harness<Env>, query: &str) -> TestResponse {
    h.as_admin().get(&format!("{SUBSCRIPTIONS}?{query}")).await
}

async fn delete(h: &Harness<Env>, id: &str) -> i64 {
    h.as_admin().delete(&subscription(id)).await.status
}

#[tokio::test(start_paused = true)]
async fn only_one_response_has_the_secret() {
    let h = harness();
    let got = h.as_admin().post(SUBSCRIPTIONS, body()).key("one").await;
    assert_eq!(got.status, 201, "{}", got.text);
    let (id, secret) = (got.in_data("id"), got.in_data("secret"));
    assert!(secret.starts_with("whsec_") && secret.len() == "whsec_".len() + 44);
    assert_eq!(got.data()["eventTypes"], json!(["quote.generated", "quote.failed"]));
    assert_eq!(got.in_data("status"), "ACTIVE");
    assert_eq!(got.json()["success"], true);
    let again = h.as_admin().post(SUBSCRIPTIONS, body()).key("one").await;
    assert_eq!((again.status, again.in_data("id")), (201, id.clone()));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let listed = list(&h, "").await;
    assert_eq!((listed.status, listed.data().as_array().unwrap().len()), (200, 1));
    let kept = format!("{:?}", h.fakes.store.rows());
    assert!(kept.contains(URL), "the rows are searched");
    for text in [&again.text, &listed.text, &kept] {
        assert!(!text.contains("whsec") && !text.contains(&secret[6..]), "{text}");
    }
    assert_eq!(delete(&h, &id).await, 204);
    let left = h.fakes.store.table("subscriptions").remove(0);
    assert!(
        !left.contains_key("secret"),
        "the secret is deleted with the subscription"
    );
}

#[tokio::test(start_paused = true)]
async fn only_admins_may_subscribe() {
    let h = harness();
    let (id, _) = subscribe(&h, URL, &["quote.generated"]).await;
    for (caller, status) in [(h.anonymous(), 401), (h.as_customer(), 403), (h.as_staff(), 403)] {
        assert_eq!(caller.post(SUBSCRIPTIONS, body()).await.status, status);
        assert_eq!(caller.get(SUBSCRIPTIONS).await.status, status);
        assert_eq!(caller.delete(&subscription(&id)).await.status, status);
    }
    assert_eq!(h.fakes.store.table("subscriptions").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_cannot_be_delivered_to_is_refused() {
    let h = harness();
    for (body, field) in [
        (json!({"eventTypes": ["quote.generated"]}), "url"),
        (json!({"url": URL}), "eventTypes"),
        (json!({"url": URL, "eventTypes": []}), "eventTypes"),
        (
            json!({"url": URL, "eventTypes": vec!["quote.generated"; 33]}),
            "eventTypes",
        ),
        (json!({"url": URL, "eventTypes": ["quote.*"]}), "eventTypes[0]"),
        (json!({"url": URL, "eventTypes": "quote.generated"}), "eventTypes"),
        (
            json!({"url": "http://hooks.example.com/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://169.254.169.254/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://127.0.0.1:9001/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://hooks.example.com:22/", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://hooks.example.com/\r\nx", "eventTypes": ["quote.failed"]}),
            "url",
        ),
        (
            json!({"url": "https://hooks.example.com/\u{202e}x", "eventTypes": ["quote.failed"]}),
            "url",
        ),
    ] {
        let got = h.as_admin().post(SUBSCRIPTIONS, &body).await;
        assert_eq!(got.status, 422, "{body}: {}", got.text);
        assert_eq!(got.field(), field, "{body}: {}", got.text);
    }
    assert!(h.fakes.store.table("subscriptions").is_empty());
    let of_partners = harness().with(&[("EGRESS_ALLOW", "127.0.0.1")]);
    let body = json!({"url": "http://127.0.0.1:4010/hook", "eventTypes": ["quote.failed"]});
    assert_eq!(of_partners.as_admin().post(SUBSCRIPTIONS, &body).await.status, 422);
    let local = harness().with(&[("CALLBACK_ALLOW", "127.0.0.1")]);
    subscribe(&local, "http://127.0.0.1:4010/hook", &["quote.failed"]).await;
}

#[tokio::test(start_paused = true)]
async fn event_types_are_a_set_in_the_order_in_which_they_were_sent() {
    let h = harness();
    let body = json!({"url": URL, "eventTypes": ["quote.failed", "quote.generated", "quote.failed"]});
    let got = h.as_admin().post(SUBSCRIPTIONS, &body).await;
    let sent = json!(["quote.failed", "quote.generated"]);
    assert_eq!(got.data()["eventTypes"], sent);
    assert_eq!(list(&h, "").await.data()[0]["eventTypes"], sent);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_subscription_is_absent() {
    let h = harness();
    let (id, _) = subscribe(&h, URL, &["quote.generated"]).await;
    assert_eq!(delete(&h, &id).await, 204);
    assert_eq!(list(&h, "").await.data(), json!([]));
    for absent in [id.as_str(), "0190d5a0-0000-7000-8000-00000000dead", "nonsense"] {
        assert_eq!(delete(&h, absent).await, 404, "{absent}");
    }
    let stored = h.fakes.store.table("subscriptions").remove(0);
    for member in ["createdBy", "deletedBy"] {
        assert_eq!(stored[member].as_s().unwrap(), "admin", "{member}");
    }
    assert!(!stored.contains_key("secret"), "the secret goes at once");
    let kept: i64 = stored["ttl"].as_n().unwrap().parse().unwrap();
    assert_eq!(kept - h.now().as_second(), 30 * 24 * 60 * 60);
}

#[tokio::test(start_paused = true)]
async fn pages_are_newest_first_and_complete() {
    let h = harness();
    let mut made = Vec::new();
    for _ in 0..205 {
        made.insert(0, subscribe(&h, URL, &["quote.generated"]).await.0);
        tokio::time::advance(std::time::Duration::from_millis(1)).await;
    }
    let gone = made.remove(104);
    assert_eq!(delete(&h, &gone).await, 204);
    let usual = list(&h, "").await.json();
    assert_eq!(usual["data"].as_array().unwrap().len(), 20);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let got = list(&h, &format!("limit=100{cursor}")).await;
        let json = got.json();
        let page = json["data"].as_array().unwrap();
        seen.extend(page.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert_eq!(page.len(), 100);
    }
    assert_eq!(seen, made);
    for query in ["limit=0", "limit=101", "limit=x", "cursor=x"] {
        assert_eq!(list(&h, query).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_outlived_its_lease_changes_nothing() {
    let h = harness();
    // Each after it has claimed the key, for which the second one needs another write.
    let (late, next) = (Arc::new(SuspendAt::new(2)), Arc::new(SuspendAt::new(4)));
    let subscribe = async |suspended: &Arc<SuspendAt>| {
        let instance = h.faulty(suspended.clone()).kill_after(Duration::from_secs(3600));
        instance.as_admin().post(SUBSCRIPTIONS, body()).key("one").await
    };
    let taken_over = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        subscribe(&next).await
    };
    let resumed = async {
        tokio::time::sleep(Duration::from_secs(61)).await;
        late.resume();
        tokio::time::sleep(Duration::from_secs(1)).await;
        next.resume();
    };
    let (late, next, ()) = tokio::join!(subscribe(&late), taken_over, resumed);
    assert_eq!((late.status, next.status), (409, 201), "{}", late.text);
    let again = h.as_admin().post(SUBSCRIPTIONS, body()).key("one").await;
    assert_eq!((again.status, again.in_data("id")), (201, next.in_data("id")));
    assert_eq!(h.fakes.store.table("subscriptions").len(), 1);
}

#[test]
fn every_fault_of_a_request_is_named() {
    assert_faults_are_named::<NewSubscription>(
        r#"{"url":"https://example.com/","eventTypes":["quote.generated"]}"#,
        &[],
    );
}
