//! What staff see of deliveries, and what they can have done again.

use std::time::Duration;

use runtime::testing::Play;

use super::*;

#[tokio::test(start_paused = true)]
async fn only_staff() {
    let house = House::new();
    let (_, _, _) = house.begun().await;
    let id = house.delivery()["id"].as_str().unwrap().to_owned();
    for (roles, status) in [(None, 401), (Some(&[][..]), 403)] {
        assert_eq!(house.deliveries(list("").roles(roles)).await.status, status);
        assert_eq!(house.replay(replay(&id).roles(roles)).await.status, status);
    }
    assert!(house.world.outbox.take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_and_carry_no_payload() {
    let house = House::new();
    let (id, secret, message) = house.begun().await;
    assert_eq!(house.run(message).await, [0]);
    assert!(
        house
            .deliver(&house.event(2).replace("quote.generated", "quote.failed"), 1)
            .await,
        "nobody asked"
    );
    assert!(house.deliver(&house.event(3), 1).await);
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
        let got = house.deliveries(list(&query)).await;
        assert_eq!(got.status, 200, "{query}: {}", got.text);
        assert_eq!(got.json()["deliveries"].as_array().unwrap().len(), count, "{query}");
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
        assert_eq!(house.deliveries(list(query)).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_go_back_through_the_days() {
    let house = House::new();
    house.subscribe(URL, &["quote.generated"]).await;
    let days = [
        "2025-12-06T23:59:59Z",
        "2025-12-31T12:00:00Z",
        "2026-01-04T00:00:00Z",
        "2026-01-05T10:19:00Z",
    ];
    for (day, number) in days.iter().zip(0u32..) {
        for event in 0..3 {
            let event = house.event(number * 10 + event).replace(
                "\"occurredAt\":\"2026-01-05T10:20:00Z\"",
                &format!("\"occurredAt\":\"{day}\""),
            );
            assert!(house.deliver(&event, 1).await);
        }
    }
    let mut made: Vec<_> = house.delivery_rows().iter().map(|row| row.id.to_string()).collect();
    made.sort();
    made.reverse();
    assert_eq!(made.len(), 12);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let got = house.deliveries(list(&format!("limit=5{cursor}"))).await.json();
        let page = got["deliveries"].as_array().unwrap();
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
    let house = House::new();
    house.subscribe(URL, &["quote.generated"]).await;
    for number in 0..1100 {
        assert!(house.deliver(&house.event(number), 1).await);
    }
    let first = house.deliveries(list("status=FAILED")).await.json();
    assert_eq!(first["deliveries"], json!([]));
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = house
        .deliveries(list(&format!("limit=100&cursor={cursor}")))
        .await
        .json();
    assert_eq!(rest["deliveries"].as_array().unwrap().len(), 100);
    assert_eq!(rest["nextCursor"], Value::Null, "1000 and 100 are all");
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_the_same_delivery_again() {
    for play in [Play::answer(200, ""), Play::answer(500, "")] {
        let house = House::new();
        house.world.stage.script([], play);
        let (_, _, message) = house.begun().await;
        let before = house.run(message).await.len();
        let id = house.delivery()["id"].as_str().unwrap().to_owned();
        house.world.stage.script([], Play::answer(200, ""));
        let got = house.replay(replay(&id).key("again")).await;
        assert_eq!(
            (got.status, got.text("status").as_str()),
            (202, "PENDING"),
            "{}",
            got.text
        );
        let message = house.world.outbox.take().remove(0);
        let same = house.replay(replay(&id).key("again")).await;
        assert_eq!((same.status, same.text("id")), (202, id.clone()));
        assert_eq!(same.headers["idempotent-replayed"], "true");
        assert!(house.world.outbox.take().is_empty(), "one key, one replay");
        tokio::time::advance(message.delay).await;
        assert_eq!(house.run(message.body).await, [0]);
        let seen = house.world.stage.seen();
        assert_eq!(seen.len(), before + 1);
        assert_eq!(
            seen[0].1.headers()["webhook-id"],
            seen[before].1.headers()["webhook-id"]
        );
        assert_eq!(seen[0].1.body(), seen[before].1.body());
        assert_eq!(house.delivery()["status"], "DELIVERED");
        assert_eq!(house.attempts().len(), before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_begins_the_schedule_anew_and_ends_the_old_one() {
    let house = House::new();
    house.world.stage.script([], Play::answer(500, ""));
    let (_, _, message) = house.begun().await;
    assert!(house.deliver(&message, 1).await);
    let old = house.world.outbox.take().remove(0).body;
    let id = house.delivery()["id"].as_str().unwrap().to_owned();
    assert_eq!(house.replay(replay(&id)).await.status, 202);
    let new = house.world.outbox.take().remove(0);
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(house.run(old).await, [0u64; 0], "the old message has no say any more");
    assert_eq!(house.run(new.body).await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_was_never_committed_leaves_a_harmless_message() {
    let house = House::new();
    let (_, _, message) = house.begun().await;
    assert_eq!(house.run(message.clone()).await, [0]);
    let orphan = message.replace("\"attempt\":1", "\"attempt\":2");
    assert_ne!(orphan, message);
    assert!(!house.deliver(&orphan, 1).await, "it may only be early");
    assert!(house.deliver(&orphan, 2).await);
    assert_eq!(house.world.stage.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_replayed() {
    let house = House::new();
    let (subscription, _, _) = house.begun().await;
    let id = house.delivery()["id"].as_str().unwrap().to_owned();
    for absent in [
        "nonsense",
        "0190d5a0-0000-7000-8000-000000000001",
        "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    ] {
        assert_eq!(house.replay(replay(absent)).await.status, 404, "{absent}");
    }
    let delete = Ask::sample(include_str!(
        "../../../../../events/operations-subscription-delete.json"
    ));
    assert_eq!(
        house.delete(delete.path("subscriptionId", &subscription)).await.status,
        204
    );
    assert_eq!(house.replay(replay(&id)).await.status, 409);
    assert!(house.world.outbox.take().is_empty());
    tokio::time::advance(Duration::from_secs(31 * 24 * 3600)).await;
    assert_eq!(house.replay(replay(&id)).await.status, 404, "kept for 30 days");
}
