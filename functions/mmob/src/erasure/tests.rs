//! A user's orders go, and another user's stay as they are.

use std::time::Duration;

use runtime::Domain;
use runtime::port::store::{Item, Store, item, typed};
use runtime::testing::Harness;
use runtime::testing::erasing::{data, email, everything, request, state};
use runtime::work::erasure::{ErasureState, ErasureSubject};
use runtime::work::row::{Revised, Table};
use serde_json::json;

use crate::Env;
use crate::order::OrderRow;
use crate::testing::{WEBHOOK, harness};

const ERASE: &str = "mmob-erase";
const LATER: Duration = Duration::from_secs(31 * 60);
const USER: &str = "tus_canary";
const ADDRESS: &str = "anna@example.com";

/// An order of this user, decided with this output, listed, and with a row of the log.
async fn order(h: &Harness<Env>, id: &str, user: &str, output: &str) {
    let order = json!({"id": id, "prod_id": "prod_1", "pricing_id": "pri_1", "tpp_user_id": user, "input": {}});
    let got = h.anonymous().post(WEBHOOK, order).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let decision = json!({"status": "Succesful", "output": {"text": output, "mail": output}});
    let decided = h
        .as_staff()
        .post(&format!("/api/mmob/orders/{id}"), decision)
        .key(id)
        .await;
    assert_eq!(decided.status, 200, "{}", decided.text);
    let store = &h.fakes.store;
    let rows = Table::new(store.as_ref(), "mmob");
    let is_wanted = |row: &Item| row["pk"].as_s().unwrap() == &format!("ORDER#{id}");
    let row = store.table("mmob").into_iter().find(is_wanted);
    let row: OrderRow = typed(row.unwrap()).unwrap();
    rows.append(vec![row.entry(rows).unwrap()]).await.unwrap();
    let call = json!({"pk": format!("MMOB#{id}"), "sk": "1", "partner": "MMOB", "subjectId": id, "request": user});
    store.append("log", vec![item(&call).unwrap()]).await.unwrap();
}

async fn hub() -> Harness<Env> {
    let h = harness();
    order(&h, "po_2", "tus_other", "bob@example.com").await;
    h
}

async fn erases(h: Harness<Env>, subject: ErasureSubject) {
    let mut before = data(&h);
    // The operator's count of requests is no user's.
    before.retain(|_, row| !row.contains_key("count"));
    order(&h, "po_1", USER, "Anna@Example.com").await;
    let id = request(&h, subject).await;
    assert_eq!(h.tick(ERASE).await, Some(true));
    let gone = |h: &Harness<Env>| {
        let all = everything(h);
        assert!(
            !all.contains(USER) && !all.contains(ADDRESS) && !all.contains("order#po_1"),
            "{all}"
        );
    };
    gone(&h);
    let after = data(&h);
    for (key, row) in &before {
        assert_eq!(after.get(key), Some(row), "{key:?}");
    }
    let counted = state(&h, id, "mmob").await;
    assert_eq!((counted.rows, counted.log_rows, counted.responses), (2, 1, 1));
    assert_eq!(h.as_staff().get("/api/mmob/orders/po_1").await.status, 404);
    // Its messages end quietly.
    assert_eq!(h.deliver("mmob-order-process", r#"{"id":"po_1"}"#).await, Some(true));
    assert_eq!(h.tick("mmob-order-sweep").await, Some(true));
    tokio::time::advance(LATER).await;
    assert_eq!(h.tick(ERASE).await, Some(true));
    assert_eq!(state(&h, id, "mmob").await.state, ErasureState::Done);
    gone(&h);
}

#[tokio::test(start_paused = true)]
async fn orders_go_by_their_user() {
    let h = hub().await;
    let subject = ErasureSubject::customer(h.env().redactor(), USER);
    erases(h, subject).await;
}

#[tokio::test(start_paused = true)]
async fn orders_go_by_an_address_in_their_output() {
    let h = hub().await;
    let subject = email(&h, ADDRESS);
    erases(h, subject).await;
}

#[tokio::test(start_paused = true)]
async fn a_run_that_crashes_anywhere_is_gone_on_with() {
    for steps in 0.. {
        let h = hub().await;
        order(&h, "po_1", USER, "text").await;
        let id = request(&h, ErasureSubject::customer(h.env().redactor(), USER)).await;
        let ended = h.crash_after(steps).tick(ERASE).await;
        for _ in 0..2 {
            tokio::time::advance(LATER).await;
            assert_eq!(h.tick(ERASE).await, Some(true));
            assert!(!everything(&h).contains(USER), "{steps}");
        }
        assert_eq!(state(&h, id, "mmob").await.state, ErasureState::Done, "{steps}");
        if ended.is_some() {
            assert!(steps > 30, "{steps} steps");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_in_flight_cannot_write_an_erased_order_again() {
    let h = hub().await;
    order(&h, "po_1", USER, "text").await;
    let rows = Table::new(h.fakes.store.as_ref(), "mmob");
    let is_wanted = |row: &Item| row["pk"].as_s().unwrap() == "ORDER#po_1";
    let mut row: OrderRow = typed(h.fakes.store.table("mmob").into_iter().find(is_wanted).unwrap()).unwrap();
    let (id, entry) = (
        request(&h, ErasureSubject::customer(h.env().redactor(), USER)).await,
        row.entry(rows).unwrap(),
    );
    assert_eq!(h.tick(ERASE).await, Some(true));
    assert!(!row.save(rows, h.now()).await.unwrap());
    rows.append(vec![entry]).await.unwrap();
    tokio::time::advance(LATER).await;
    assert_eq!(h.tick(ERASE).await, Some(true));
    assert_eq!(state(&h, id, "mmob").await.rows, 3, "the entry that was written again");
    let left = format!("{:?}", h.fakes.store.table("mmob"));
    assert!(!left.contains("po_1"), "{left}");
}
