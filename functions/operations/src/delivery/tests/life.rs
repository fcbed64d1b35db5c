//! The life of a delivery.

use std::time::Duration;

use runtime::testing::Play;

use super::*;

#[tokio::test(start_paused = true)]
async fn an_event_is_signed_and_delivered() {
    let house = House::new();
    let (_, secret, message) = house.begun().await;
    assert_eq!(house.run(message).await, [0]);
    let (_, request) = house.world.stage.seen().remove(0);
    assert_eq!(
        (request.method().as_str(), request.uri().to_string().as_str()),
        ("POST", URL)
    );
    assert_eq!(request.headers()["content-type"], "application/json");
    let id = signature::verify(&secret, request.headers(), request.body(), house.clock.now()).unwrap();
    assert_eq!(id, house.delivery()["id"]);
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body,
        json!({
            "id": "0190d5a0-0000-7000-8000-000000000001", "type": "quote.generated", "timestamp": "2026-01-05T10:20:00Z",
            "data": {
                "quoteId": "0190d5a0-0000-7000-8000-000000000001", "funderName": "LEX", "environment": "SANDBOX",
                "status": "GENERATED",
            },
        })
    );
    let delivery = house.delivery();
    assert_eq!(
        (&delivery["status"], &delivery["statusCode"]),
        (&json!("DELIVERED"), &json!(204))
    );
    assert_eq!(house.attempts(), [("1".into(), Some("204".into()), None)]);
}

#[tokio::test(start_paused = true)]
async fn only_those_are_told_who_asked() {
    let house = House::new();
    let (one, _) = house.subscribe(URL, &["quote.generated"]).await;
    let (two, _) = house.subscribe(URL, &["quote.failed", "quote.generated"]).await;
    house.subscribe(URL, &["quote.failed"]).await;
    let (gone, _) = house.subscribe(URL, &["quote.generated"]).await;
    let delete = Ask::sample(include_str!(
        "../../../../../events/operations-subscription-delete.json"
    ));
    assert_eq!(house.delete(delete.path("subscriptionId", &gone)).await.status, 204);
    assert!(house.deliver(&house.event(1), 1).await);
    let mut told: Vec<_> = house
        .delivery_rows()
        .iter()
        .map(|row| row.subscription_id.to_string())
        .collect();
    let mut asked = vec![one, two];
    told.sort();
    asked.sort();
    assert_eq!(told, asked);
    assert_eq!(house.world.outbox.take().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_event_heard_twice_is_delivered_once() {
    let house = House::new();
    let (_, _, message) = house.begun().await;
    assert!(house.deliver(&house.event(1), 1).await, "the bus says it again");
    assert!(house.world.outbox.take().is_empty());
    assert_eq!(house.run(message.clone()).await, [0]);
    assert!(house.deliver(&house.event(1), 2).await, "and the queue brings it again");
    assert!(house.deliver(&message, 1).await && house.deliver(&message, 2).await);
    assert!(house.world.outbox.take().is_empty());
    assert_eq!((house.delivery_rows().len(), house.world.stage.seen().len()), (1, 1));
    assert!(
        house.deliver(&house.event(2), 1).await,
        "another event is another delivery"
    );
    assert_eq!(house.delivery_rows().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_any_row_loses_no_message() {
    let house = House::new();
    house.world.stage.script([], Play::answer(500, ""));
    let (_, _, message) = house.begun().await;
    assert!(
        house.deliver(&house.event(1), 2).await,
        "the event again, its message lost"
    );
    assert_eq!(house.world.outbox.take()[0].body, message);
    assert!(house.deliver(&message, 1).await);
    let lost = house.world.outbox.take();
    assert!(
        house.deliver(&message, 2).await,
        "the attempt again, its successor lost"
    );
    assert_eq!(house.world.outbox.take(), lost);
    assert!(house.deliver(&message, 1).await);
    assert!(house.world.outbox.take().is_empty(), "a mere duplicate sends nothing");
    assert_eq!(house.world.stage.seen().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_step_of_the_schedule() {
    for (play, status, error) in [
        (Play::answer(500, "secret words of the receiver"), Some("500"), None),
        (Play::answer(404, ""), Some("404"), None),
        (Play::answer(301, ""), Some("301"), None),
        (Play::answer(429, ""), Some("429"), None),
        (Play::Unreachable, None, Some("unreachable")),
        (Play::Reset, None, Some("timeout")),
    ] {
        let house = House::new();
        let (_, secret, message) = house.begun().await;
        house.world.stage.script([], play);
        let pauses = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        let due: Vec<u64> = pauses
            .iter()
            .scan(0, |sum, pause| {
                *sum += pause;
                Some(*sum)
            })
            .collect();
        assert_eq!(house.run(message).await, due);
        let delivery = house.delivery();
        assert_eq!(
            (&delivery["status"], &delivery["attempts"]),
            (&json!("FAILED"), &json!(10))
        );
        let attempts = house.attempts();
        let numbers: Vec<_> = attempts.iter().map(|one| one.0.clone()).collect();
        assert_eq!(numbers, (1..=10).map(|n| n.to_string()).collect::<Vec<_>>());
        let outcome = (status.map(String::from), error.map(String::from));
        assert!(attempts.iter().all(|one| (one.1.clone(), one.2.clone()) == outcome));
        let seen = house.world.stage.seen();
        let ids: Vec<_> = seen
            .iter()
            .map(|(_, request)| &request.headers()["webhook-id"])
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "one id for all attempts");
        let bodies: Vec<_> = seen.iter().map(|(_, request)| request.body()).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]), "and the same bytes");
        let last = &seen[9].1;
        assert!(
            signature::verify(&secret, last.headers(), last.body(), house.clock.now()).is_ok(),
            "signed anew"
        );
        let stored = format!("{:?}", house.world.store.table("deliveries"));
        assert!(!stored.contains("words of the receiver") && !stored.contains("whsec"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_receiver_costs_ten_seconds() {
    let house = House::new();
    let (_, _, message) = house.begun().await;
    let late = Play::Late(Duration::from_secs(11), Box::new(Play::answer(200, "")));
    house.world.stage.script([late], Play::answer(200, ""));
    assert_eq!(house.run(message).await, [0, 15], "ten of waiting, five of pause");
    assert_eq!(house.attempts()[0].2.as_deref(), Some("timeout"));
    assert_eq!(house.delivery()["status"], "DELIVERED");
}

#[tokio::test(start_paused = true)]
async fn gone_ends_the_subscription() {
    let house = House::new();
    let (_, _, message) = house.begun().await;
    assert!(house.deliver(&house.event(2), 1).await);
    let other = house.world.outbox.take().remove(0).body;
    house.world.stage.script([Play::answer(410, "")], Play::answer(200, ""));
    assert_eq!(house.run(message).await, [0]);
    assert_eq!(
        house.run(other).await,
        [0u64; 0],
        "what else was on its way is not sent"
    );
    let errors: Vec<_> = house.delivery_rows().iter().map(|row| row.view().error).collect();
    assert!(errors.contains(&Some("gone".into())) && errors.contains(&Some("subscription-disabled".into())));
    let list = Ask::sample(include_str!("../../../../../events/operations-subscription-list.json"));
    assert_eq!(
        house.subscriptions(list).await.json()["subscriptions"][0]["status"],
        "DISABLED"
    );
    assert!(house.deliver(&house.event(3), 1).await);
    assert!(house.world.outbox.take().is_empty(), "nor is anything new");
}

#[tokio::test(start_paused = true)]
async fn a_deleted_subscription_gets_nothing_more() {
    let house = House::new();
    let (id, _, message) = house.begun().await;
    let delete = Ask::sample(include_str!(
        "../../../../../events/operations-subscription-delete.json"
    ));
    assert_eq!(house.delete(delete.path("subscriptionId", &id)).await.status, 204);
    assert_eq!(house.run(message).await, [0u64; 0]);
    assert_eq!(house.delivery()["error"], "subscription-deleted");
}

#[tokio::test(start_paused = true)]
async fn an_address_is_judged_again_before_it_is_called() {
    let lax = House::with("127.0.0.1");
    lax.subscribe("http://127.0.0.1:4010/", &["quote.generated"]).await;
    let strict = House::new();
    let mut rows = lax.world.store.table("subscriptions");
    runtime::store::Store::append(strict.world.store.as_ref(), "subscriptions", vec![rows.remove(0)])
        .await
        .unwrap();
    assert!(strict.deliver(&strict.event(1), 1).await);
    let message = strict.world.outbox.take().remove(0).body;
    assert_eq!(strict.run(message).await, [0u64; 0]);
    assert_eq!(
        (&strict.delivery()["status"], &strict.delivery()["error"]),
        (&json!("FAILED"), &json!("url-refused"))
    );
}

#[tokio::test(start_paused = true)]
async fn our_own_trouble_brings_the_message_back() {
    let house = House::new();
    let (_, _, message) = house.begun().await;
    house.world.store.set_down(true);
    assert!(!house.deliver(&message, 1).await);
    assert!(!house.deliver(&house.event(2), 1).await);
    house.world.store.set_down(false);
    assert_eq!(house.run(message).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn poison_is_parked_with_its_reason() {
    let house = House::new();
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
        assert!(house.deliver(poison, 1).await, "{poison}");
        let parked = house.world.outbox.take();
        assert_eq!((parked[0].url.as_str(), parked[0].body.as_str()), ("dead", poison));
        assert!(["malformed", "invalid"].contains(&parked[0].reason.as_deref().unwrap()));
    }
}
