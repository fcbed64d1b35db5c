//! Orders without failures.

use http::Method;
use model::order::{OrderOutcome, OrderStatus};
use runtime::Domain;
use runtime::http::signature;
use serde_json::{Value, json};

use super::testing::{MESSAGE, Orders, auto, callback, deliver, pass};
use crate::order::row::{Manual, OrderStep};
use crate::product::Fulfilment;

#[tokio::test(start_paused = true)]
async fn a_worker_reads_the_whole_order_and_reports_once() {
    let (orders, done) = Orders::worked(auto(&["last_name"]), |_| {}).await;
    assert!(done);
    let row = orders.row();
    assert_eq!(
        (row.status, row.step, row.attempts, row.late),
        (OrderStatus::Succesful, OrderStep::Reported, 1, false)
    );
    assert_eq!(orders.updates(), [("Succesful".into(), json!({}))]);
    let mut requests = orders.mmob.books().mmob_requests.clone();
    assert_eq!(requests.pop().unwrap(), (Method::POST, "/orders/po_1".into()));
    let mut paths: Vec<String> = requests.into_iter().map(|(_, path)| path).collect();
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
    assert_eq!(
        orders.harness.fakes.store.table("log").len(),
        5,
        "the log has each request"
    );
    orders.work_for_a_minute().await;
    assert_eq!(orders.updates().len(), 1);
    assert!(orders.sqs.messages().is_empty() && orders.sqs.dead().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_table_has_personal_data() {
    let (orders, done) = Orders::worked(callback(), |_| {}).await;
    assert!(done);
    for table in ["mmob", "log"] {
        let stored = format!("{:?}", orders.harness.fakes.store.table(table));
        for canary in ["Nichols", "Lisa", "123456789", "1980-01-01", "N1 1AA", "canary"] {
            assert!(!stored.contains(canary), "{canary} in {table}");
        }
    }
    let sent = orders.mmob.books().provider_requests[0].body().clone();
    let sent = String::from_utf8(sent.to_vec()).unwrap();
    assert!(
        sent.contains("Nichols") && !sent.contains("canary") && !sent.contains("1980"),
        "{sent}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_worker_asks_for_missing_inputs() {
    for (input, missing) in [
        (json!({}), "last_name, appointment"),
        (json!({"last_name": "", "appointment": " "}), "last_name, appointment"),
        (json!({"last_name": "N", "appointment": null}), "appointment"),
        (json!({"appointment": 7}), "last_name"),
    ] {
        let (orders, done) = Orders::worked(auto(&["last_name", "appointment"]), |orders| {
            orders.mmob.books().order.insert("input".into(), input);
        })
        .await;
        assert!(done);
        assert_eq!(
            orders.updates(),
            [("Need_more_info".into(), json!({"required_fields": missing}))]
        );
        assert_eq!(
            (orders.row().status, orders.row().step),
            (OrderStatus::NeedMoreInfo, OrderStep::Reported)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_decides_in_a_signed_callback() {
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
        let (orders, done) = Orders::worked(callback(), |orders| orders.mmob.books().answers = vec![answer]).await;
        assert!(done);
        assert_eq!(orders.updates(), [(status.into(), output)]);
        let books = orders.mmob.books();
        assert_eq!((books.provider_requests.len(), books.forged), (1, 0));
        assert_eq!(books.provider_requests[0].headers()[signature::ID], "po_1");
        let sent: Value = serde_json::from_slice(books.provider_requests[0].body()).unwrap();
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
async fn another_round_has_another_callback_id() {
    let (orders, _) = Orders::worked(callback(), |orders| {
        let more = json!({"status": "Need_more_info", "requiredFields": ["appointment"]});
        orders.mmob.books().answers = vec![more, json!({"status": "Succesful"})];
    })
    .await;
    orders.mmob.books().order["input"]["appointment"] = "tomorrow".into();
    assert_eq!(orders.place().await, 200);
    pass(10).await;
    assert!(orders.work().await);
    assert_eq!(orders.mmob.status(), "Succesful");
    let books = orders.mmob.books();
    let ids: Vec<_> = books
        .provider_requests
        .iter()
        .map(|request| request.headers()[signature::ID].clone())
        .collect();
    assert_eq!(ids, ["po_1", "po_1:2"]);
}

#[tokio::test(start_paused = true)]
async fn an_order_without_automatic_fulfilment_waits_for_an_operator() {
    for (fulfilment, why) in [
        (None, Manual::UnknownProduct),
        (Some(Fulfilment::Manual), Manual::ByHand),
    ] {
        let (orders, done) = Orders::worked(fulfilment, |_| {}).await;
        assert!(done, "the message is done");
        let row = orders.row();
        assert_eq!(
            (row.status, row.step, row.manual),
            (OrderStatus::Pending, OrderStep::Received, Some(why))
        );
        assert!(orders.updates().is_empty());
        orders.change(|row| {
            row.resolve(OrderOutcome::failed("sold out"), "ops", orders.harness.now())
                .unwrap()
        });
        deliver(&orders.instance(), MESSAGE).await;
        assert_eq!(orders.updates(), [("Failed".into(), json!({"error": "sold out"}))]);
        let refused = orders
            .row()
            .resolve(OrderOutcome::succesful([].into()), "ops", orders.harness.now());
        assert!(refused.is_err(), "a final status stays");
    }
}

#[tokio::test(start_paused = true)]
async fn the_ids_of_mmobs_own_order_win() {
    let orders = Orders::new(auto(&["last_name"]));
    let posted = orders.place_changed(|order| drop(order.insert("prod_id".into(), "prod_9".into())));
    assert_eq!(posted.await, 200);
    assert!(orders.work().await);
    assert_eq!(
        (orders.mmob.status().as_str(), orders.row().manual),
        ("Succesful", None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_decision_on_mmobs_dashboard_wins() {
    let (orders, done) = Orders::worked(callback(), |orders| {
        let order = &mut orders.mmob.books().order;
        order.insert("status".into(), "Failed".into());
        order.insert("output".into(), json!({"error": "by hand"}));
    })
    .await;
    assert!(done);
    let row = orders.row();
    assert_eq!(
        (row.status, row.step, row.decision),
        (
            OrderStatus::Failed,
            OrderStep::Reported,
            Some(OrderOutcome::failed("by hand"))
        )
    );
    assert!(orders.updates().is_empty() && orders.mmob.books().provider_requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_message_becomes_a_dead_letter_and_one_about_no_order_is_done() {
    let orders = Orders::new(None);
    for bad in ["", "{}", r#"{"id":""}"#, r#"{"id":7}"#, "<html>"] {
        assert!(deliver(&orders.instance(), bad).await);
    }
    assert_eq!(orders.sqs.dead().len(), 5);
    assert!(deliver(&orders.instance(), r#"{"id":"po_gone"}"#).await);
    assert_eq!(orders.sqs.dead().len(), 5);
    assert!(orders.harness.env().dead_letters().is_some());
}
