//! What an operator sees of an order before deciding it, read from MMOB at that moment.

use std::time::Duration;

use model::time::UtcTime;
use runtime::testing::access::counted;
use runtime::testing::{Harness, TestResponse};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::fake_mmob::Behaviour::{Fails, Unreachable};
use super::fake_mmob::Failure::{Answers, Silent};
use super::testing::Orders;
use crate::Env;
use crate::product::Fulfilment;

const PATH: &str = "/api/mmob/orders/po_1";

async fn get(orders: &Orders) -> TestResponse {
    orders.instance().get(PATH).path("orderId", "po_1").await
}

async fn manual() -> Orders {
    let (orders, done) = Orders::worked(Some(Fulfilment::Manual), |_| {}).await;
    assert!(done);
    orders.mmob.books().mmob_requests.clear();
    orders
}

#[tokio::test(start_paused = true)]
async fn an_operator_sees_what_was_ordered_by_whom_and_who_decided() {
    let orders = manual().await;
    let before = orders.harness.fakes.store.table("mmob");
    let response = get(&orders).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let order = response.data();
    assert_eq!(
        (&order["manual"], &order["status"]),
        (&json!("by-hand"), &json!("Pending"))
    );
    let mmob = &order["mmob"];
    assert_eq!(
        mmob["input"],
        json!({"last_name": "Nichols", "account_number": "123456789"})
    );
    assert_eq!(mmob["status"], "Pending");
    assert_eq!(mmob["product"]["id"], "prod_1");
    assert!(
        mmob["product"]["name"].as_str().is_some_and(|name| !name.is_empty()),
        "{mmob}"
    );
    assert_eq!(
        (&mmob["user"]["id"], &mmob["user"]["surname"]),
        (&json!("tus_1"), &json!("Nichols"))
    );
    assert_eq!(mmob["unread"], json!([]));
    assert!(order.get("decidedBy").is_none() && order.get("decidedAt").is_none());
    // Neither what the provider need not know, nor anything in a row.
    assert!(
        !response.text.contains("passport") && !response.text.contains("insurance"),
        "{}",
        response.text
    );
    assert_eq!(orders.harness.fakes.store.table("mmob"), before);
    let logged = format!("{:?}", orders.harness.fakes.store.table("log"));
    assert!(!logged.contains("Nichols") && !logged.contains("123456789"), "{logged}");
    assert_eq!(counted(&orders.harness), 1, "it counts for the caller's quota");

    let decision = json!({"status": "Succesful", "output": {"reference": "R1"}});
    assert_eq!(
        orders
            .instance()
            .post(PATH, &decision)
            .path("orderId", "po_1")
            .await
            .status,
        200
    );
    let decided = orders.harness.now();
    let order = get(&orders).await.data();
    assert_eq!(order["decidedBy"], orders.row().decided_by.unwrap());
    assert_eq!(order["decidedAt"], json!(UtcTime(decided)));
    let listed = orders.instance().get("/api/mmob/orders?manual=false").await;
    assert_eq!(listed.data()[0]["decidedBy"], order["decidedBy"], "{}", listed.text);
    assert!(!listed.text.contains("Nichols"), "a list reads nothing from MMOB");
}

#[tokio::test(start_paused = true)]
async fn the_parts_are_read_together() {
    let orders = manual().await;
    orders.mmob.books().latency.0 = Duration::from_millis(500);
    let began = Instant::now();
    assert_eq!(get(&orders).await.data()["mmob"]["unread"], json!([]));
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    let requests = orders.mmob.books().mmob_requests.clone();
    let mut paths: Vec<_> = requests.iter().map(|(_, path)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/orders/po_1", "/products/prod_1", "/users"]);
}

#[tokio::test(start_paused = true)]
async fn the_product_and_the_user_are_those_of_mmobs_own_order() {
    let orders = manual().await;
    let other = [("prod_id", "prod_2"), ("tpp_user_id", "tus_2")];
    for (member, id) in other {
        orders.mmob.books().order.insert(member.to_owned(), json!(id));
    }
    let mmob = get(&orders).await.data()["mmob"].clone();
    assert_eq!(
        (&mmob["product"]["id"], &mmob["user"]["id"]),
        (&json!("prod_2"), &json!("tus_2"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_that_mmob_does_not_give_is_named_and_the_others_are_shown() {
    let orders = manual().await;
    // One of the three. A refused request is not repeated.
    orders.mmob.script_mmob([Fails(Answers(404, ""))]);
    let order = get(&orders).await.data();
    let unread = order["mmob"]["unread"].as_array().unwrap();
    assert_eq!(
        (unread.len(), &unread[0]["code"]),
        (1, &json!("not-found")),
        "{unread:?}"
    );
    assert_eq!(unread[0]["reason"], "MMOB does not have it.");
    let members = [("order", "input"), ("product", "product"), ("user", "user")];
    for (part, member) in members {
        assert_eq!(
            order["mmob"].get(member).is_none(),
            unread[0]["part"] == part,
            "{order}"
        );
    }

    for failure in [
        Unreachable,
        Fails(Silent),
        Fails(Answers(500, "")),
        Fails(Answers(403, "")),
    ] {
        orders.mmob.script_mmob(vec![failure.clone(); 50]);
        let began = Instant::now();
        let response = get(&orders).await;
        assert_eq!(response.status, 200, "{failure:?}: {}", response.text);
        let order = response.data();
        assert_eq!((&order["id"], &order["manual"]), (&json!("po_1"), &json!("by-hand")));
        assert_eq!(
            order["mmob"]["unread"].as_array().map(Vec::len),
            Some(3),
            "{failure:?}: {order}"
        );
        assert_eq!(
            order["mmob"].as_object().map(serde_json::Map::len),
            Some(1),
            "{failure:?}"
        );
        assert!(
            began.elapsed() <= Duration::from_secs(9),
            "{failure:?}: {:?}",
            began.elapsed()
        );
        // Later calls wait for no gate of this one.
        orders.mmob.script_mmob([]);
        tokio::time::advance(Duration::from_secs(120)).await;
    }
    assert_eq!(get(&orders).await.data()["mmob"]["unread"], Value::Array(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn only_staff_sees_it_and_an_absent_order_asks_mmob_nothing() {
    let orders = manual().await;
    let instance = orders.instance();
    let status = async |caller: &Harness<Env>, id: &str| caller.get(PATH).path("orderId", id).await.status;
    assert_eq!(status(&instance.as_customer(), "po_1").await, 403);
    assert_eq!(status(&instance.anonymous(), "po_1").await, 401);
    assert_eq!(status(&instance, "po_2").await, 404);
    assert!(orders.mmob.books().mmob_requests.is_empty());
}
