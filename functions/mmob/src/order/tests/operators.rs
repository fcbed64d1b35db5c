//! What operators see of orders, and their decisions.

use std::time::Duration;

use runtime::port::store::{Store, Written};
use runtime::testing::{Harness, TestResponse};
use runtime::work::row::{Revised, Row};
use serde_json::{Value, json};

use crate::Env;
use crate::order::row::{Manual, OrderRow};
use crate::testing::{harness, post_order, sample};

const ORDER: &str = "po_Ab12Cd34Ef5";

fn path(id: &str) -> String {
    format!("/api/mmob/orders/{id}")
}

async fn get(harness: &Harness<Env>, id: &str) -> TestResponse {
    harness.as_staff().get(&path("id")).path("orderId", id).await
}

async fn list(harness: &Harness<Env>, query: &str) -> TestResponse {
    harness.as_staff().get(&format!("/api/mmob/orders?{query}")).await
}

async fn resolve(harness: &Harness<Env>, id: &str, body: &Value) -> TestResponse {
    harness.as_staff().post(&path(id), body).await
}

async fn row(harness: &Harness<Env>, id: &str) -> OrderRow {
    OrderRow::load(harness.env().table().unwrap(), id)
        .await
        .unwrap()
        .unwrap()
}

/// An order that a worker has leased, so that it is in the list, after `change`.
async fn listed(harness: &Harness<Env>, id: &str, change: impl FnOnce(&mut OrderRow)) {
    post_order(harness, id).await;
    let mut row = row(harness, id).await;
    change(&mut row);
    let entry = row.entry(harness.env().table().unwrap()).unwrap();
    let store = &harness.fakes.store;
    store.append("mmob", vec![entry]).await.unwrap();
    let write = row.replace(harness.env().table().unwrap(), harness.now()).unwrap();
    assert_eq!(store.write(vec![write]).await.unwrap(), Written::Done);
    tokio::time::advance(Duration::from_millis(5)).await;
}

fn ids(orders: &Value) -> Vec<&str> {
    let orders = orders["data"].as_array().unwrap();
    orders.iter().map(|order| order["id"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_order_shows_its_state_where_mmob_does_not_answer() {
    let harness = harness();
    post_order(&harness, ORDER).await;
    let response = get(&harness, ORDER).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let order = response.data();
    assert_eq!((&order["id"], &order["status"]), (&json!(ORDER), &json!("Pending")));
    assert_eq!(order["deadline"], "2026-01-05T10:21:00.000Z");
    assert_eq!((&order["late"], &order["attempts"]), (&json!(false), &json!(0)));
    let unread = order["mmob"]["unread"].as_array().unwrap();
    let parts: Vec<_> = unread.iter().map(|part| (&part["part"], &part["code"])).collect();
    let code = json!("mmob-error");
    assert_eq!(
        parts,
        [json!("order"), json!("product"), json!("user")]
            .iter()
            .map(|part| (part, &code))
            .collect::<Vec<_>>()
    );
    assert_eq!(order["mmob"].as_object().unwrap().len(), 1, "{order}");
    for absent in ["po_other", "..", "%00"] {
        assert_eq!(get(&harness, absent).await.status, 404, "{absent}");
    }
    assert_eq!(get(&harness, &"x".repeat(65)).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn orders_are_listed_newest_first_and_filtered() {
    let harness = harness();
    let now = harness.now();
    listed(&harness, "po_1", |row| row.wait_for_operator(Manual::ByHand, now)).await;
    listed(&harness, "po_2", |row| row.late = true).await;
    listed(&harness, "po_3", |_| {}).await;
    resolve(&harness, "po_3", &json!({"status": "Failed", "error": "no"})).await;
    for (query, expected) in [
        ("", vec!["po_3", "po_2", "po_1"]),
        ("manual=true", vec!["po_1"]),
        ("manual=false", vec!["po_3", "po_2"]),
        ("late=true", vec!["po_2"]),
        ("status=Pending", vec!["po_2", "po_1"]),
        ("status=Failed&late=false", vec!["po_3"]),
        ("to=2026-01-05T10:00:00Z", vec![]),
    ] {
        let response = list(&harness, query).await;
        assert_eq!(response.status, 200, "{}", response.text);
        assert_eq!(ids(&response.json()), expected, "{query}");
    }
    let first = list(&harness, "limit=2").await.json();
    assert_eq!(ids(&first), ["po_3", "po_2"]);
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = list(&harness, &format!("limit=2&cursor={cursor}")).await.json();
    assert_eq!((ids(&second), &second["nextCursor"]), (vec!["po_1"], &Value::Null));
    for query in ["limit=0", "limit=101", "status=pending", "manual=perhaps", "cursor=x"] {
        assert_eq!(list(&harness, query).await.status, 422, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_stored_once_and_enqueued() {
    let harness = harness();
    let staff = harness.as_staff();
    post_order(&harness, ORDER).await;
    harness.fakes.queue.take();
    let body = json!({"status": "Successful", "output": {"key": "Value"}});
    let response = staff.post(&path(ORDER), &body).key("one").await;
    assert_eq!(response.status, 200, "{}", response.text);
    assert_eq!(response.data()["status"], "Succesful");
    assert_eq!(
        response.data()["decision"],
        json!({"status": "Succesful", "output": {"key": "Value"}})
    );
    let sent = harness.fakes.queue.take();
    assert_eq!((sent.len(), sent[0].delay), (1, Duration::ZERO));
    assert!(
        row(&harness, ORDER).await.is_unfinished(),
        "the report to MMOB is still to come"
    );
    let stored = harness.fakes.store.table("mmob");
    let deciders: Vec<_> = stored
        .iter()
        .filter_map(|row| row.get("decidedBy")?.as_s().ok())
        .collect();
    assert_eq!(deciders, ["staff"]);
    let again = staff.post(&path(ORDER), &body).key("one").await;
    assert_eq!((again.status, again.text), (200, response.text));
    assert!(harness.fakes.queue.take().is_empty());
    let other = resolve(&harness, ORDER, &json!({"status": "Failed", "error": "no"})).await;
    assert_eq!(other.status, 409);
    assert_eq!(row(&harness, ORDER).await.decision.unwrap().output["key"], "Value");
}

#[tokio::test(start_paused = true)]
async fn the_sample_request_decides_an_order() {
    let harness = harness();
    post_order(&harness, ORDER).await;
    let body = sample(include_str!("../../../../../events/mmob-order-resolve.json"));
    let response = resolve(&harness, ORDER, &body).await;
    assert_eq!(response.data()["decision"], body, "{}", response.text);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_needs_more_may_still_be_decided() {
    let harness = harness();
    post_order(&harness, ORDER).await;
    let more = json!({"status": "Need_more_info", "requiredFields": ["engineer_appointment_date"]});
    let response = resolve(&harness, ORDER, &more).await;
    assert_eq!(
        response.data()["decision"]["requiredFields"],
        json!(["engineer_appointment_date"])
    );
    let body = json!({"status": "Failed", "error": "PBX Over capacity"});
    let failed = resolve(&harness, ORDER, &body).await;
    assert_eq!(
        failed.data()["decision"]["output"],
        json!({"error": "PBX Over capacity"})
    );
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_valid_even_if_its_message_is_not_sent() {
    let harness = harness();
    post_order(&harness, ORDER).await;
    harness.fakes.queue.refuse(1);
    let decided = resolve(&harness, ORDER, &json!({"status": "Succesful"})).await;
    assert_eq!(decided.status, 200);
    assert!(row(&harness, ORDER).await.is_unfinished(), "the sweep finds it");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_decision_changes_nothing() {
    let harness = harness();
    post_order(&harness, ORDER).await;
    let before = harness.fakes.store.table("mmob");
    for (body, field) in [
        (json!({}), "status"),
        (json!({"status": "Done"}), "status"),
        (json!({"status": "Pending"}), "status"),
        (json!({"status": "Failed"}), "output.error"),
        (json!({"status": "Succesful", "error": "no"}), "error"),
        (json!({"status": "Need_more_info"}), "requiredFields"),
        (json!({"status": "Succesful", "output": {"a": {"b": "c"}}}), "output.a"),
        (json!({"status": "Succesful", "output": {"a": "b\0c"}}), "output"),
        (json!({"status": "Succesful", "output": {"a\u{202e}": "b"}}), "output"),
        (json!({"status": "Failed", "error": "no\u{2066}"}), "output"),
        (
            json!({"status": "Need_more_info", "requiredFields": ["a\u{200d}b"]}),
            "requiredFields",
        ),
    ] {
        let response = resolve(&harness, ORDER, &body).await;
        assert_eq!(
            (response.status, response.field().as_str()),
            (422, field),
            "{body}: {}",
            response.text
        );
    }
    let absent = resolve(&harness, "po_0", &json!({"status": "Succesful"})).await;
    assert_eq!(absent.status, 404);
    assert_eq!(harness.fakes.store.table("mmob"), before);
}
