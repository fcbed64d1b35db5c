//! What operators see of orders and may decide about them.

use std::time::Duration;

use serde_json::{Value, json};

use super::row::{Manual, OrderRow};
use crate::house::{Ask, House, ORDER};

fn get() -> Ask {
    Ask::sample(include_str!("../../../../events/mmob-order-get.json"))
}

fn list(query: &str) -> Ask {
    Ask::sample(include_str!("../../../../events/mmob-order-list.json")).query(query)
}

fn resolve(body: &Value) -> Ask {
    Ask::sample(include_str!("../../../../events/mmob-order-resolve.json")).body(body)
}

async fn row(house: &House, id: &str) -> OrderRow {
    OrderRow::load(&house.env, id).await.unwrap().unwrap()
}

/// An order that is listed, as one that somebody has taken on is, after `change`.
async fn listed(house: &House, id: &str, change: impl FnOnce(&mut OrderRow)) {
    house.post(id).await;
    let mut row = row(house, id).await;
    change(&mut row);
    let entry = row.entry(&house.env).unwrap();
    let store = &house.world.ports().store;
    store.append("orders", vec![entry]).await.unwrap();
    let write = row.replace(&house.env, house.clock.now()).unwrap();
    assert_eq!(store.write(vec![write]).await.unwrap(), runtime::store::Outcome::Done);
    tokio::time::advance(Duration::from_millis(5)).await;
}

fn ids(orders: &Value) -> Vec<&str> {
    let orders = orders["data"].as_array().unwrap();
    orders.iter().map(|order| order["id"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn only_staff() {
    let house = House::new();
    house.post(ORDER).await;
    let done = json!({"status": "Succesful"});
    for (roles, status) in [(None, 401), (Some(&[][..]), 403), (Some(&["staff"][..]), 200)] {
        assert_eq!(house.orders(list("").roles(roles)).await.status, status);
        assert_eq!(house.order(get().roles(roles)).await.status, status);
        assert_eq!(house.resolve(resolve(&done).roles(roles)).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_shows_where_it_stands_and_nothing_of_its_user() {
    let house = House::new();
    house.post(ORDER).await;
    let got = house.order(get()).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let order = got.data();
    assert_eq!((&order["id"], &order["status"]), (&json!(ORDER), &json!("Pending")));
    assert_eq!(order["deadline"], "2026-01-05T10:21:00Z");
    assert_eq!((&order["late"], &order["attempts"]), (&json!(false), &json!(0)));
    for personal in ["Nichols", "11-22-33", "123456789"] {
        assert!(!got.text.contains(personal), "{personal}");
    }
    for absent in ["po_other", "..", "%00"] {
        assert_eq!(house.order(get().path("orderId", absent)).await.status, 404, "{absent}");
    }
    assert_eq!(house.order(get().path("orderId", &"x".repeat(65))).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn orders_are_listed_newest_first_by_what_they_wait_for() {
    let house = House::new();
    let now = house.clock.now();
    listed(&house, "po_1", |row| row.hand_over(Manual::ByHand, now)).await;
    listed(&house, "po_2", |row| row.late = true).await;
    listed(&house, "po_3", |_| {}).await;
    house
        .resolve(resolve(&json!({"status": "Failed", "error": "no"})).path("orderId", "po_3"))
        .await;
    for (query, expected) in [
        ("", vec!["po_3", "po_2", "po_1"]),
        ("manual=true", vec!["po_1"]),
        ("manual=false", vec!["po_3", "po_2"]),
        ("late=true", vec!["po_2"]),
        ("status=Pending", vec!["po_2", "po_1"]),
        ("status=Failed&late=false", vec!["po_3"]),
        ("to=2026-01-05T10:00:00Z", vec![]),
    ] {
        let got = house.orders(list(query)).await;
        assert_eq!(got.status, 200, "{}", got.text);
        assert_eq!(ids(&got.json()), expected, "{query}");
    }
    let first = house.orders(list("limit=2")).await.json();
    assert_eq!(ids(&first), ["po_3", "po_2"]);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = house.orders(list(&format!("limit=2&cursor={cursor}"))).await.json();
    assert_eq!((ids(&second), &second["nextCursor"]), (vec!["po_1"], &Value::Null));
    for query in ["limit=0", "limit=101", "status=pending", "manual=perhaps", "cursor=x"] {
        assert_eq!(house.orders(list(query)).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_written_down_once_and_sent_on_its_way() {
    let house = House::new();
    house.post(ORDER).await;
    house.world.outbox.take();
    let body = json!({"status": "Successful", "output": {"key": "Value"}});
    let got = house.resolve(resolve(&body).key("one")).await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(got.data()["status"], "Succesful");
    assert_eq!(
        got.data()["decision"],
        json!({"status": "Succesful", "output": {"key": "Value"}})
    );
    let sent = house.world.outbox.take();
    assert_eq!((sent.len(), sent[0].delay), (1, Duration::ZERO));
    assert!(row(&house, ORDER).await.is_unfinished(), "MMOB is still to be told");
    let again = house.resolve(resolve(&body).key("one")).await;
    assert_eq!((again.status, again.text), (200, got.text));
    assert!(house.world.outbox.take().is_empty());
    let other = house
        .resolve(resolve(&json!({"status": "Failed", "error": "no"})))
        .await;
    assert_eq!(other.status, 409);
    assert_eq!(row(&house, ORDER).await.decision.unwrap().output["key"], "Value");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_needs_more_may_still_be_decided() {
    let house = House::new();
    house.post(ORDER).await;
    let more = json!({"status": "Need_more_info", "requiredFields": ["engineer_appointment_date"]});
    let got = house.resolve(resolve(&more)).await;
    assert_eq!(
        got.data()["decision"]["requiredFields"],
        json!(["engineer_appointment_date"])
    );
    let failed = house
        .resolve(resolve(&json!({"status": "Failed", "error": "PBX Over capacity"})))
        .await;
    assert_eq!(
        failed.data()["decision"]["output"],
        json!({"error": "PBX Over capacity"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_no_less_for_a_message_that_could_not_be_sent() {
    let house = House::new();
    house.post(ORDER).await;
    house.world.outbox.refuse(1);
    assert_eq!(
        house.resolve(resolve(&json!({"status": "Succesful"}))).await.status,
        200
    );
    assert!(row(&house, ORDER).await.is_unfinished(), "the sweep finds it");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_decision_changes_nothing() {
    let house = House::new();
    house.post(ORDER).await;
    let before = house.world.store.table("orders");
    for (body, field) in [
        (json!({}), "status"),
        (json!({"status": "Done"}), "status"),
        (json!({"status": "Pending"}), "status"),
        (json!({"status": "Failed"}), "output.error"),
        (json!({"status": "Succesful", "error": "no"}), "error"),
        (json!({"status": "Need_more_info"}), "requiredFields"),
        (json!({"status": "Succesful", "output": {"a": {"b": "c"}}}), "output.a"),
    ] {
        let got = house.resolve(resolve(&body)).await;
        assert_eq!((got.status, got.field().as_str()), (422, field), "{body}: {}", got.text);
    }
    let absent = house
        .resolve(resolve(&json!({"status": "Succesful"})).path("orderId", "po_0"))
        .await;
    assert_eq!(absent.status, 404);
    assert_eq!(house.world.store.table("orders"), before);
}
