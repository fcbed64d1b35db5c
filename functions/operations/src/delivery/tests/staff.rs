//! The deliveries that staff see, and their replays.

use std::sync::Arc;
use std::time::Duration;

use runtime::testing::{Script, SuspendAt};

use super::*;

#[tokio::test(start_paused = true)]
async fn only_staff_may_look_and_replay() {
    let h = harness();
    let (_, _, _) = begin(&h).await;
    let id = delivery_id(&h);
    for (caller, status) in [(h.anonymous(), 401), (h.as_customer(), 403)] {
        assert_eq!(caller.get("/api/integration/deliveries").await.status, status);
        assert_eq!(replay(&caller, &id).await.status, status);
    }
    assert!(h.fakes.queue.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn replays_over_the_quota_send_nothing() {
    let h = harness().with(&[("QUOTA_PER_MINUTE", "1")]);
    let (_, _, message) = begin(&h).await;
    assert_eq!(run(&h, message).await, [0]);
    let (staff, id) = (h.as_staff(), delivery_id(&h));
    assert_eq!(replay(&staff, &id).await.status, 202);
    h.fakes.queue.take();
    let refused = replay(&staff, &id).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too-many"));
    assert!(h.fakes.queue.take().is_empty());
    assert_ne!(replay(&h.as_admin(), &id).await.status, 429);
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_and_carry_no_payload() {
    let h = harness();
    let (id, secret, message) = begin(&h).await;
    assert_eq!(run(&h, message).await, [0]);
    assert!(
        deliver(&h, &event(2).replace("quote.generated", "quote.failed")).await,
        "no subscription has this type"
    );
    assert!(deliver(&h, &event(3)).await);
    for (query, count) in [
        (String::new(), 2),
        ("status=DELIVERED".into(), 1),
        ("status=PENDING".into(), 1),
        ("status=FAILED".into(), 0),
        ("eventType=quote.generated".into(), 2),
        ("eventType=quote.failed".into(), 0),
        (format!("subscriptionId={id}&status=PENDING"), 1),
        ("subscriptionId=0190d5a0-0000-7000-8000-000000000001".into(), 0),
    ] {
        let got = list(&h, &query).await;
        assert_eq!(got.status, 200, "{query}: {}", got.text);
        assert_eq!(got.data().as_array().unwrap().len(), count, "{query}");
        assert!(!got.text.contains("LEX") && !got.text.contains(&secret), "{}", got.text);
    }
    for query in [
        "status=DONE",
        "eventType=x",
        "subscriptionId=x",
        "limit=101",
        "cursor=x",
        "cursor=6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    ] {
        assert_eq!(list(&h, query).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_go_back_through_the_days() {
    let h = harness();
    subscribe(&h, URL, &["quote.generated"]).await;
    let days = [
        "2025-12-06T23:59:59Z",
        "2025-12-31T12:00:00Z",
        "2026-01-04T00:00:00Z",
        "2026-01-05T10:19:00Z",
    ];
    for (day, number) in days.iter().zip(0u32..) {
        for n in 0..3 {
            let event = event(number * 10 + n).replace(
                "\"occurredAt\":\"2026-01-05T10:20:00Z\"",
                &format!("\"occurredAt\":\"{day}\""),
            );
            assert!(deliver(&h, &event).await);
        }
    }
    let mut made: Vec<_> = delivery_rows(&h).iter().map(|row| row.id.to_string()).collect();
    made.sort();
    made.reverse();
    assert_eq!(made.len(), 12);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let got = list(&h, &format!("limit=5{cursor}")).await.json();
        let page = got["data"].as_array().unwrap();
        seen.extend(page.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        match got["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert_eq!(page.len(), 5);
    }
    assert_eq!(seen, made);
}

#[tokio::test(start_paused = true)]
async fn a_search_ends_and_its_cursor_goes_on() {
    let h = harness();
    subscribe(&h, URL, &["quote.generated"]).await;
    for number in 0..1100 {
        assert!(deliver(&h, &event(number)).await);
    }
    let first = list(&h, "status=FAILED").await.json();
    assert_eq!(first["data"], json!([]));
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = list(&h, &format!("limit=100&cursor={cursor}")).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 100);
    assert_eq!(rest["nextCursor"], Value::Null, "1000 and 100 are all");
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_the_same_delivery_again() {
    for script in [Script::answer(200, ""), Script::answer(500, "")] {
        let h = harness();
        h.fakes.transport.script([], script);
        let (_, _, message) = begin(&h).await;
        let before = run(&h, message).await.len();
        let id = delivery_id(&h);
        h.fakes.transport.script([], Script::answer(200, ""));
        let got = replay(&h.as_staff(), &id).key("again").await;
        assert_eq!(
            (got.status, got.in_data("status").as_str()),
            (202, "PENDING"),
            "{}",
            got.text
        );
        let message = h.fakes.queue.take().remove(0);
        let same = replay(&h.as_staff(), &id).key("again").await;
        assert_eq!((same.status, same.in_data("id")), (202, id.clone()));
        assert_eq!(same.headers["idempotent-replayed"], "true");
        assert!(h.fakes.queue.take().is_empty(), "one key, one replay");
        tokio::time::advance(message.delay).await;
        assert_eq!(run(&h, message.body).await, [0]);
        let seen = h.fakes.transport.seen();
        assert_eq!(seen.len(), before + 1);
        assert_eq!(
            seen[0].1.headers()["webhook-id"],
            seen[before].1.headers()["webhook-id"]
        );
        assert_eq!(seen[0].1.body(), seen[before].1.body());
        assert_eq!(delivery(&h)["status"], "DELIVERED");
        let stored = h.fakes.store.table("deliveries");
        let staff: Vec<_> = stored
            .iter()
            .filter_map(|row| row.get("replayedBy")?.as_s().ok())
            .collect();
        assert_eq!(staff, ["staff"]);
        assert_eq!(attempts(&h).len(), before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_begins_the_schedule_anew_and_ends_the_old_one() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    let (_, _, message) = begin(&h).await;
    assert!(deliver(&h, &message).await);
    let old = h.fakes.queue.take().remove(0).body;
    let id = delivery_id(&h);
    assert_eq!(replay(&h.as_staff(), &id).await.status, 202);
    let new = h.fakes.queue.take().remove(0);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(
        run(&h, old).await,
        [0u64; 0],
        "the old message makes no attempt any more"
    );
    assert_eq!(run(&h, new.body).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_was_never_committed_leaves_a_harmless_message() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    assert_eq!(run(&h, message.clone()).await, [0]);
    let orphan = message.replace("\"attempt\":1", "\"attempt\":2");
    assert_ne!(orphan, message);
    assert!(!deliver(&h, &orphan).await, "it may be early");
    assert!(redeliver(&h, &orphan).await);
    assert_eq!(h.fakes.transport.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn some_deliveries_cannot_be_replayed() {
    let h = harness();
    let (subscription, _, _) = begin(&h).await;
    let id = delivery_id(&h);
    for absent in [
        "nonsense",
        "0190d5a0-0000-7000-8000-000000000001",
        "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    ] {
        assert_eq!(replay(&h.as_staff(), absent).await.status, 404, "{absent}");
    }
    unsubscribe(&h, &subscription).await;
    assert_eq!(replay(&h.as_staff(), &id).await.status, 409);
    assert!(h.fakes.queue.take().is_empty());
    tokio::time::advance(Duration::from_secs(31 * 24 * 3600)).await;
    assert_eq!(replay(&h.as_staff(), &id).await.status, 404, "kept for 30 days");
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_crashes_anywhere_leaves_a_message_or_nothing() {
    for steps in 0.. {
        let h = harness();
        let (_, _, message) = begin(&h).await;
        assert_eq!(run(&h, message).await, [0]);
        let id = delivery_id(&h);
        let ended = replay(&h.crash_after(steps).as_staff(), &id).attempt().await;
        let pending = delivery(&h)["status"] == "PENDING";
        assert!(!pending || !h.fakes.queue.sent().is_empty(), "after {steps} steps");
        if let Some(ended) = ended {
            assert_eq!((ended.status, pending), (202, true), "{}", ended.text);
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_queue_nothing_is_replayed() {
    let h = harness();
    let (_, _, message) = begin(&h).await;
    assert_eq!(run(&h, message).await, [0]);
    let id = delivery_id(&h);
    h.fakes.queue.refuse(1);
    assert_eq!(replay(&h.as_staff(), &id).await.status, 503);
    assert_eq!(delivery(&h)["status"], "DELIVERED");
}

#[tokio::test(start_paused = true)]
async fn of_two_replays_at_once_one_is_refused() {
    for steps in 1..=3 {
        let h = harness();
        let (_, _, message) = begin(&h).await;
        assert_eq!(run(&h, message).await, [0]);
        let id = delivery_id(&h);
        let late = Arc::new(SuspendAt::new(steps));
        let suspended = h.faulty(late.clone()).as_staff();
        let other = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let other = replay(&h.as_staff(), &id).await;
            late.resume();
            other
        };
        let (late, other) = tokio::join!(async { replay(&suspended, &id).await }, other);
        assert_eq!((late.status, other.status), (409, 202), "suspended at step {steps}");
        assert_eq!(late.code(), "in-progress");
    }
}
