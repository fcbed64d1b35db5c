//! What becomes of an order where all is well.

use http::Method;
use model::order::{OrderStatus, Outcome};
use runtime::{Domain, signature};
use serde_json::{Value, json};

use super::house::House;
use crate::order::{Manual, Step};
use crate::product::Fulfilment;

#[tokio::test(start_paused = true)]
async fn an_order_is_fetched_whole_and_told_once() {
    let (house, done) = House::worked(House::auto(&["last_name"]), |_| {}).await;
    assert!(done);
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.attempts, row.late),
        (OrderStatus::Succesful, Step::Told, 1, false)
    );
    assert_eq!(house.told(), [("Succesful".into(), json!({}))]);
    let mut asked = house.web.books().asked.clone();
    assert_eq!(asked.pop().unwrap(), (Method::POST, "/orders/po_1".into()));
    let mut paths: Vec<String> = asked.into_iter().map(|(_, path)| path).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/orders/po_1",
            "/products/prod_1",
            "/products/prod_1/pricing/price_1",
            "/users"
        ]
    );
    assert_eq!(house.count("log"), 5, "each is in the log");
    house.minute().await;
    assert_eq!(house.told().len(), 1);
    assert!(house.sqs.messages().is_empty() && house.sqs.dead().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_personal_is_kept_nowhere() {
    let (house, done) = House::worked(House::callback(), |_| {}).await;
    assert!(done);
    for table in ["mmob", "log"] {
        let stored = format!("{:?}", house.world.store.table(table));
        for canary in ["Nichols", "Lisa", "123456789", "1980-01-01", "N1 1AA", "canary"] {
            assert!(!stored.contains(canary), "{canary} in {table}");
        }
    }
    let sent = house.web.books().requests[0].body().clone();
    let sent = String::from_utf8(sent.to_vec()).unwrap();
    assert!(
        sent.contains("Nichols") && !sent.contains("canary") && !sent.contains("1980"),
        "{sent}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_is_asked_for() {
    for (input, missing) in [
        (json!({}), "last_name, appointment"),
        (json!({"last_name": "", "appointment": " "}), "last_name, appointment"),
        (json!({"last_name": "N", "appointment": null}), "appointment"),
        (json!({"appointment": 7}), "last_name"),
    ] {
        let (house, done) = House::worked(House::auto(&["last_name", "appointment"]), |house| {
            house.web.books().order.insert("input".into(), input);
        })
        .await;
        assert!(done);
        assert_eq!(
            house.told(),
            [("Need_more_info".into(), json!({"required_fields": missing}))]
        );
        assert_eq!(
            (house.row().status, house.row().step),
            (OrderStatus::NeedMoreInfo, Step::Told)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_decides_over_a_signed_call() {
    for (answer, status, output) in [
        (json!({"status": "Succesful"}), "Succesful", json!({})),
        (
            json!({"status": "Successful", "output": {"a": "b"}}),
            "Succesful",
            json!({"a": "b"}),
        ),
        (
            json!({"status": "Need_more_info", "requiredFields": ["a", "b"]}),
            "Need_more_info",
            json!({"required_fields": "a, b"}),
        ),
        (
            json!({"status": "Failed", "output": {"error": "PBX Over capacity"}}),
            "Failed",
            json!({"error": "PBX Over capacity"}),
        ),
    ] {
        let (house, done) = House::worked(House::callback(), |house| house.web.books().answers = vec![answer]).await;
        assert!(done);
        assert_eq!(house.told(), [(status.into(), output)]);
        let books = house.web.books();
        assert_eq!((books.requests.len(), books.forged), (1, 0));
        assert_eq!(books.requests[0].headers()[signature::ID], "po_1");
        let sent: Value = serde_json::from_slice(books.requests[0].body()).unwrap();
        assert_eq!(sent["type"], "order.placed");
        assert_eq!(sent["data"]["order"]["input"]["last_name"], "Nichols");
        assert_eq!(
            sent["data"]["pricing"],
            json!({"id": "price_1", "currency": "GBP", "amount": 3999})
        );
        assert_eq!(sent["data"]["product"]["id"], "prod_1");
        assert_eq!(sent["data"]["user"]["id"], "tus_1");
    }
}

#[tokio::test(start_paused = true)]
async fn another_round_has_another_id() {
    let (house, _) = House::worked(House::callback(), |house| {
        let more = json!({"status": "Need_more_info", "requiredFields": ["appointment"]});
        house.web.books().answers = vec![more, json!({"status": "Succesful"})];
    })
    .await;
    house.web.books().order["input"]["appointment"] = "tomorrow".into();
    assert_eq!(house.place().await, 200);
    house.pass(10).await;
    assert!(house.work().await);
    assert_eq!(house.web.status(), "Succesful");
    let books = house.web.books();
    let ids: Vec<_> = books
        .requests
        .iter()
        .map(|request| request.headers()[signature::ID].clone())
        .collect();
    assert_eq!(ids, ["po_1", "po_1:2"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fulfilled_by_itself_is_an_operators() {
    for (fulfilment, why) in [
        (None, Manual::UnknownProduct),
        (Some(Fulfilment::Manual), Manual::ByHand),
    ] {
        let (house, done) = House::worked(fulfilment, |_| {}).await;
        assert!(done, "and its message is done with");
        let row = house.row();
        assert_eq!(
            (row.status, row.step, row.manual),
            (OrderStatus::Pending, Step::Received, Some(why))
        );
        assert!(house.told().is_empty());
        house.change(|row| row.resolve(Outcome::failed("sold out"), house.clock.now()).unwrap());
        house.deliver(house.env(None), r#"{"id":"po_1"}"#).await;
        assert_eq!(house.told(), [("Failed".into(), json!({"error": "sold out"}))]);
        let refused = house.row().resolve(Outcome::succesful([].into()), house.clock.now());
        assert!(refused.is_err(), "what is final stays");
    }
}

#[tokio::test(start_paused = true)]
async fn the_ids_that_mmob_itself_names_hold() {
    let house = House::new(House::auto(&["last_name"]));
    let posted = house.place_changed(|order| drop(order.insert("prod_id".into(), "prod_9".into())));
    assert_eq!(posted.await, 200);
    assert!(house.work().await);
    assert_eq!((house.web.status().as_str(), house.row().manual), ("Succesful", None));
}

#[tokio::test(start_paused = true)]
async fn who_decides_on_mmobs_dashboard_is_first() {
    let (house, done) = House::worked(House::callback(), |house| {
        let order = &mut house.web.books().order;
        order.insert("status".into(), "Failed".into());
        order.insert("output".into(), json!({"error": "by hand"}));
    })
    .await;
    assert!(done);
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.decision),
        (OrderStatus::Failed, Step::Told, Some(Outcome::failed("by hand")))
    );
    assert!(house.told().is_empty() && house.web.books().requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_none_goes_to_the_dead_letters_and_one_of_nothing_is_let_go() {
    let house = House::new(None);
    for bad in ["", "{}", r#"{"id":""}"#, r#"{"id":7}"#, "<html>"] {
        assert!(house.deliver(house.env(None), bad).await);
    }
    assert_eq!(house.sqs.dead().len(), 5);
    assert!(house.deliver(house.env(None), r#"{"id":"po_gone"}"#).await);
    assert_eq!(house.sqs.dead().len(), 5);
    assert!(house.env(None).dead_letters().is_some());
}
