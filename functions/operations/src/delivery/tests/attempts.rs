//! The attempts at a delivery, from the event to the last one.

use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use runtime::port::store::Store;
use runtime::testing::{Script, SuspendAt};

use super::*;

#[tokio::test(start_paused = true)]
async fn an_event_is_signed_and_delivered() {
    let h = harness();
    let (_, secret, message) = begin(&h).await;
    assert_eq!(run(&h, message).await, [0]);
    let (_, request) = h.fakes.transport.seen().remove(0);
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", URL)
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    let id = signature::verify(&secret, request.headers(), request.body(), h.now()).unwrap();
    assert_eq!(id, delivery(&h)["id"]);
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body,
        json!({
            "id": "0190d5a0-0000-7000-8000-000000000001", "type": "quote.generated", "timestamp": "2026-01-05T10:20:00.000Z",
            "data": {
                "quoteId": "0190d5a0-0000-7000-8000-000000000001", "funderName": "LEX", "environment": "SANDBOX",
                "status": "GENERATED",
            },
        })
    );
    let delivery = delivery(&h);
    assert_eq!(
        (&delivery["status"], &delivery["statusCode"]),
        (&json!("DELIVERED"), &json!(204))
    );
    assert_eq!(attempts(&h), [("1".into(), Some("204".into()), None)]);
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_the_subscriptions_of_its_type() {
    let h = harness();
    let (one, _) = subscribe(&h, URL, &["quote.generated"]).await;
    let (two, _) = subscribe(&h, URL, &["quote.failed", "quote.generated"]).await;
    subscribe(&h, URL, &["quote.failed"]).await;
    let (gone, _) = subscribe(&h, URL, &["quote.generated"]).await;
    unsubscribe(&h, &gone).await;
    assert!(deliver(&h, &event(1)).await);
    let mut found: Vec<_> = delivery_rows(&h)
        .iter()
        .map(|row| row.subscription_id.to_string())
        .collect();
    let mut wanted = vec![one, two];
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(h.fakes.queue.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_goes_to_more_subscriptions_than_are_read_at_once() {
    let h = harness();
    let mut wanted = Vec::new();
    for _ in 0..205 {
        wanted.insert(0, subscribe(&h, URL, &["quote.generated"]).await.0);
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    // The newest of a batch, the oldest of one, and one between.
    for place in [100, 99, 50] {
        unsubscribe(&h, &wanted.remove(place)).await;
    }
    assert!(deliver(&h, &event(1)).await);
    let mut found: Vec<_> = delivery_rows(&h)
        .iter()
        .map(|row| row.subscription_id.to_string())
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(h.fakes.queue.take().len(), wanted.len());
}

#[tokio::test(start_paused = true)]
async fn an_event_that_arrives_twice_is_delivered_once() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    assert!(deliver(&h, &event(1)).await, "the bus sends it again");
    assert!(h.fakes.queue.take().is_empty());
    assert_eq!(run(&h, message.clone()).await, [0]);
    assert!(redeliver(&h, &event(1)).await, "the queue delivers it again");
    assert!(deliver(&h, &message).await && redeliver(&h, &message).await);
    assert!(h.fakes.queue.take().is_empty());
    assert_eq!((delivery_rows(&h).len(), h.fakes.transport.seen().len()), (1, 1));
    assert!(deliver(&h, &event(2)).await, "another event is another delivery");
    assert_eq!(delivery_rows(&h).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_a_write_loses_no_message() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    let (_, _, message) = begin(&h).await;
    assert!(redeliver(&h, &event(1)).await, "the event again, its message lost");
    assert_eq!(h.fakes.queue.take()[0].body, message);
    assert!(deliver(&h, &message).await);
    let lost = h.fakes.queue.take();
    assert!(redeliver(&h, &message).await, "the attempt again, its successor lost");
    assert_eq!(h.fakes.queue.take(), lost);
    assert!(deliver(&h, &message).await);
    assert!(h.fakes.queue.take().is_empty(), "a mere duplicate sends nothing");
    assert_eq!(h.fakes.transport.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failing_receiver_is_called_at_every_step_of_the_schedule() {
    for (script, status, error) in [
        (Script::answer(500, "secret words of the receiver"), Some("500"), None),
        (Script::answer(404, ""), Some("404"), None),
        (Script::answer(301, ""), Some("301"), None),
        (Script::answer(429, ""), Some("429"), None),
        (Script::Unreachable, None, Some("unreachable")),
        (Script::Reset, None, Some("reset")),
    ] {
        let h = harness();
        let (_, secret, message) = begin(&h).await;
        h.fakes.transport.script([], script);
        let pauses = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        let due: Vec<u64> = pauses
            .iter()
            .scan(0, |sum, pause| {
                *sum += pause;
                Some(*sum)
            })
            .collect();
        assert_eq!(run(&h, message).await, due);
        let delivery = delivery(&h);
        assert_eq!(
            (&delivery["status"], &delivery["attempts"]),
            (&json!("FAILED"), &json!(10))
        );
        let attempts = attempts(&h);
        let numbers: Vec<_> = attempts.iter().map(|one| one.0.clone()).collect();
        assert_eq!(numbers, (1..=10).map(|n| n.to_string()).collect::<Vec<_>>());
        let outcome = (status.map(String::from), error.map(String::from));
        assert!(attempts.iter().all(|one| (one.1.clone(), one.2.clone()) == outcome));
        let seen = h.fakes.transport.seen();
        let ids: Vec<_> = seen
            .iter()
            .map(|(_, request)| &request.headers()["webhook-id"])
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "one id for all attempts");
        let bodies: Vec<_> = seen.iter().map(|(_, request)| request.body()).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]), "and the same bytes");
        let last = &seen[9].1;
        assert!(
            signature::verify(&secret, last.headers(), last.body(), h.now()).is_ok(),
            "signed anew"
        );
        let stored = format!("{:?}", h.fakes.store.table("deliveries"));
        assert!(!stored.contains("words of the receiver") && !stored.contains("whsec"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_receiver_costs_ten_seconds() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    let late = Script::Late(Duration::from_secs(11), Box::new(Script::answer(200, "")));
    h.fakes.transport.script([late], Script::answer(200, ""));
    assert_eq!(run(&h, message).await, [0, 15], "ten of waiting, five of pause");
    assert_eq!(attempts(&h)[0].2.as_deref(), Some("timeout"));
    assert_eq!(delivery(&h)["status"], "DELIVERED");
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_response_takes_the_delivery() {
    for status in [200, 202, 204, 299] {
        let h = harness();
        let (_, _, message) = begin(&h).await;
        let late = Script::LateBody(Duration::from_secs(3600), Box::new(Script::answer(status, "")));
        h.fakes.transport.script([late], Script::answer(500, ""));
        let began = Instant::now();
        assert_eq!(run(&h, message).await, [0]);
        assert!(began.elapsed() < Duration::from_secs(1), "its body is not waited for");
        let delivery = delivery(&h);
        assert_eq!(
            (&delivery["status"], &delivery["statusCode"]),
            (&json!("DELIVERED"), &json!(status))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_receiver_moves_the_next_attempt() {
    for (status, wait, next) in [
        (429, "60", 60),
        (503, "Mon, 05 Jan 2026 10:30:00 GMT", 600),
        (500, "3600", 3600),
        (301, "7", 7),
        (429, "90000", 86_400),
        (503, "Thu, 08 Jan 2026 10:20:00 GMT", 86_400),
        // The schedule's own delay is 5 s.
        (429, "2", 5),
        (429, "0", 5),
        (429, "-60", 5),
        (429, "soon", 5),
        (503, "Mon, 05 Jan 2026 10:19:00 GMT", 5),
    ] {
        let h = harness();
        let (_, _, message) = begin(&h).await;
        let busy = Script::Answer {
            status,
            headers: vec![("retry-after", wait.to_owned())],
            body: String::new(),
        };
        h.fakes.transport.script([busy], Script::answer(204, ""));
        assert_eq!(run(&h, message).await, [0, next], "{status}, {wait}");
        let delivery = delivery(&h);
        assert_eq!(
            (&delivery["status"], &delivery["attempts"]),
            (&json!("DELIVERED"), &json!(2))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn status_410_ends_the_subscription() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    assert!(deliver(&h, &event(2)).await);
    let other = h.fakes.queue.take().remove(0).body;
    h.fakes
        .transport
        .script([Script::answer(410, "")], Script::answer(200, ""));
    assert_eq!(run(&h, message).await, [0]);
    assert_eq!(run(&h, other).await, [0u64; 0], "other pending deliveries are not sent");
    let errors: Vec<_> = delivery_rows(&h).iter().map(|row| row.view().error).collect();
    assert!(errors.contains(&Some("gone".into())) && errors.contains(&Some("subscription-disabled".into())));
    let subscriptions = h.as_admin().get("/api/integration/subscriptions").await;
    assert_eq!(subscriptions.data()[0]["status"], "DISABLED");
    assert!(deliver(&h, &event(3)).await);
    assert!(h.fakes.queue.take().is_empty(), "new events are not sent either");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_subscription_gets_no_more_deliveries() {
    let h = harness();
    let (id, _, message) = begin(&h).await;
    unsubscribe(&h, &id).await;
    assert_eq!(run(&h, message).await, [0u64; 0]);
    assert_eq!(delivery(&h)["error"], "subscription-deleted");
}

#[tokio::test(start_paused = true)]
async fn an_address_is_checked_again_before_it_is_called() {
    let lax = harness().with(&[("CALLBACK_ALLOW", "127.0.0.1")]);
    subscribe(&lax, "http://127.0.0.1:4010/", &["quote.generated"]).await;
    let strict = lax
        .clone()
        .with(&[("CALLBACK_ALLOW", ""), ("EGRESS_ALLOW", "127.0.0.1")]);
    assert!(deliver(&strict, &event(1)).await);
    let message = strict.fakes.queue.take().remove(0).body;
    assert_eq!(run(&strict, message).await, [0u64; 0]);
    assert_eq!(
        (&delivery(&strict)["status"], &delivery(&strict)["error"]),
        (&json!("FAILED"), &json!("url-refused"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_when_the_store_is_down() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    h.fakes.store.set_down(true);
    assert!(!deliver(&h, &message).await);
    assert!(!deliver(&h, &event(2)).await);
    h.fakes.store.set_down(false);
    assert_eq!(run(&h, message).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_read_is_parked_with_its_reason() {
    let h = harness();
    for poison in [
        "",
        "nonsense",
        "{}",
        r#"{"deliveryId":"0190d5a0-0000-7000-8000-000000000001"}"#,
        r#"{"deliveryId":"x","attempt":1}"#,
        r#"{"deliveryId":"0190d5a0-0000-7000-8000-000000000001","attempt":0}"#,
        r#"{"detail":{"id":"0190d5a0-0000-7000-8000-000000000001"}}"#,
        r#"{"detail":{"id":"0190d5a0-0000-7000-8000-000000000001","type":"no.such","occurredAt":"2026-01-05T10:20:00Z","data":{}}}"#,
    ] {
        assert!(deliver(&h, poison).await, "{poison}");
        let parked = h.fakes.queue.take();
        assert_eq!((parked[0].url.as_str(), parked[0].body.as_str()), ("dead", poison));
        assert!(["malformed", "invalid"].contains(&parked[0].reason.as_deref().unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_disabled_meanwhile_is_deleted() {
    let h = harness();
    let (id, _, message) = begin(&h).await;
    h.fakes.transport.script([], Script::answer(410, ""));
    // After it has read the subscription.
    let suspended = Arc::new(SuspendAt::new(2));
    let slow = h.faulty(suspended.clone()).as_admin();
    let path = subscription(&id);
    let disabled = async {
        assert!(deliver(&h, &message).await);
        suspended.resume();
    };
    let (deleted, ()) = tokio::join!(slow.delete(&path).into_future(), disabled);
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    let left = h.fakes.store.table("subscriptions").remove(0);
    assert!(!left.contains_key("secret"), "the secret is deleted too");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_was_moved_to_another_subscription_signs_nothing() {
    let h = harness();
    let (id, _, message) = begin(&h).await;
    let (other, _) = subscribe(&h, URL, &["quote.failed"]).await;
    let rows = h.fakes.store.table("subscriptions");
    let row = |id: &str| rows.iter().find(|row| row["id"].as_s().unwrap() == id).unwrap().clone();
    let mut moved = row(&id);
    moved.insert("secret".into(), row(&other)["secret"].clone());
    h.fakes.store.append("subscriptions", vec![moved]).await.unwrap();
    assert!(!deliver(&h, &message).await, "the message comes back");
    assert!(h.fakes.transport.seen().is_empty());
    h.fakes.store.append("subscriptions", vec![row(&id)]).await.unwrap();
    assert!(deliver(&h, &message).await);
    assert_eq!(h.fakes.transport.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_the_sealing_keys_a_delivery_waits() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    let keys = h.fakes.secrets.remove("sealing").unwrap();
    let fresh = h.instance();
    assert!(!deliver(&fresh, &message).await);
    assert!(h.fakes.transport.seen().is_empty() && attempts(&h).is_empty());
    h.fakes.secrets.set("sealing", &serde_json::from_str(&keys).unwrap());
    assert!(deliver(&fresh, &message).await);
    assert_eq!(h.fakes.transport.seen().len(), 1);
}
