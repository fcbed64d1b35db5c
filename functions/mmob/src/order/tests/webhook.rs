//! What MMOB posts to the webhook.

use std::time::Duration;

use http::Method;
use model::Kind;
use model::id::CorrelationId;
use model::order::OrderStatus;
use serde_json::{Value, json};

use super::fake_mmob::order;
use super::testing::{Orders, auto, pass, post};
use crate::order::process::OrderMessage;
use crate::order::row::{OrderIds, OrderRow, OrderStep};
use crate::order::webhook::PostedOrder;
use crate::testing::{TOKEN, WEBHOOK, harness};

fn body() -> String {
    Value::Object(order()).to_string()
}

/// When messages become visible, in seconds from now.
fn delays(orders: &Orders) -> Vec<u64> {
    let now = tokio::time::Instant::now();
    let mut delays: Vec<u64> = orders
        .sqs
        .messages()
        .iter()
        .map(|each| (each.visible - now).as_secs())
        .collect();
    delays.sort_unstable();
    delays
}

#[tokio::test(start_paused = true)]
async fn the_webhook_stores_an_order_and_enqueues_it_twice() {
    let orders = Orders::new(auto(&[]));
    let response = post(&orders.instance(), TOKEN, &body()).await;
    assert_eq!((response.status, response.json()), (200, json!({})));
    let row = orders.row();
    assert_eq!(
        (row.status, row.step, row.round),
        (OrderStatus::Pending, OrderStep::Received, 1)
    );
    assert_eq!(row.deadline(), row.received_at + Duration::from_secs(60));
    assert_eq!(delays(&orders), [0, 45]);
    for message in orders.sqs.messages() {
        assert_eq!(
            serde_json::from_str::<OrderMessage>(&message.body).unwrap(),
            OrderMessage { id: "po_1".into() }
        );
    }
    assert!(orders.mmob.books().mmob_requests.is_empty(), "the worker does the rest");
    let stored = format!("{:?}", orders.harness.fakes.store.table("mmob"));
    assert!(!stored.contains("Nichols") && !stored.contains("123456789"), "{stored}");
}

#[tokio::test(start_paused = true)]
async fn a_function_url_knows_no_path_parameters() {
    let orders = Orders::new(None);
    let call = |path| {
        let method = Method::POST;
        orders.harness.call("mmob-order-webhook", &method, path).body(body())
    };
    assert_eq!(call(WEBHOOK).await.status, 200);
    assert_eq!(call("/webhooks/mmob/another").await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_order_has_no_effect_but_another_message() {
    let orders = Orders::new(auto(&[]));
    assert_eq!(orders.place().await, 200);
    let first = orders.harness.fakes.store.table("mmob");
    pass(1).await;
    assert_eq!(
        orders
            .place_changed(|order| drop(order.insert("status".into(), "Failed".into())))
            .await,
        200
    );
    assert_eq!(orders.harness.fakes.store.table("mmob"), first);
    assert_eq!(delays(&orders).len(), 3, "the first messages may be lost");
    assert!(orders.work().await);
    let messages = orders.sqs.messages().len();
    assert_eq!(orders.place().await, 200);
    assert_eq!(orders.sqs.messages().len(), messages, "the order is finished");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_posted_again_in_another_spelling_is_the_same_order() {
    let orders = Orders::new(auto(&[]));
    let posted = |input: &str| notice(&format!(r#","input":{input}"#));
    let response = post(&orders.instance(), TOKEN, &posted(r#"{"rooms":1,"name":"Jos\u00e9"}"#)).await;
    assert_eq!(response.status, 200, "{}", response.text);
    let first = orders.harness.fakes.store.table("mmob");
    for same in [
        r#"{"rooms":1.0,"name":"José"}"#,
        r#" { "name" : "Jos\u00E9" , "rooms" : 10e-1 } "#,
    ] {
        let response = post(&orders.instance(), TOKEN, &posted(same)).await;
        assert_eq!(response.status, 200, "{same}: {}", response.text);
    }
    assert_eq!(orders.harness.fakes.store.table("mmob"), first);
    let other = post(&orders.instance(), TOKEN, &posted(r#"{"rooms":1.5,"name":"José"}"#)).await;
    assert_eq!(other.status, 409);
}

#[tokio::test(start_paused = true)]
async fn a_changed_order_is_refused_and_the_first_stays() {
    let orders = Orders::new(auto(&[]));
    assert_eq!(orders.place().await, 200);
    let first = orders.harness.fakes.store.table("mmob");
    for (member, value) in [
        ("prod_id", json!("prod_2")),
        ("pricing_id", json!("price_2")),
        ("tpp_user_id", json!("tus_2")),
        ("input", json!({"last_name": "Nichols", "account_number": "123456780"})),
        ("input", json!(null)),
    ] {
        let change = orders.place_changed(|order| drop(order.insert(member.into(), value)));
        assert_eq!(change.await, 409, "{member}");
    }
    assert_eq!(orders.harness.fakes.store.table("mmob"), first);
    assert_eq!(orders.sqs.messages().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_needed_more_begins_again_with_the_missing_input() {
    let orders = Orders::new(auto(&["appointment"]));
    assert_eq!(orders.place().await, 200);
    assert!(orders.work().await);
    assert_eq!(
        (orders.row().status, orders.row().step),
        (OrderStatus::NeedMoreInfo, OrderStep::Reported)
    );
    pass(30).await;
    assert_eq!(orders.place().await, 200, "the same order as before has no effect");
    assert_eq!(orders.row().round, 1);
    let other = orders.place_changed(|order| drop(order.insert("tpp_user_id".into(), "tus_2".into())));
    assert_eq!(other.await, 409);
    orders.mmob.books().order["input"]["appointment"] = "tomorrow".into();
    assert_eq!(orders.place().await, 200);
    let row = orders.row();
    assert_eq!(
        (row.round, row.status, row.step),
        (2, OrderStatus::Pending, OrderStep::Received)
    );
    assert_eq!((row.received_at, row.decision), (orders.harness.now(), None));
    assert!(orders.work().await);
    assert_eq!(orders.mmob.status(), "Succesful");
    let change = orders.place_changed(|order| drop(order.insert("input".into(), json!({}))));
    assert_eq!(change.await, 409, "a final status stays");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_gets_404() {
    let orders = Orders::new(None);
    let mut answers = Vec::new();
    for token in [
        "",
        "x",
        &TOKEN[1..],
        &TOKEN[..TOKEN.len() - 1],
        &TOKEN.to_uppercase(),
        &format!("{TOKEN}x"),
        "%00",
    ] {
        let response = post(&orders.instance(), token, &body()).await;
        let mut answer = response.json();
        answer.as_object_mut().unwrap().remove("traceId");
        assert_eq!(response.status, 404, "{token}");
        answers.push(answer);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "the response does not depend on the token");
    assert_eq!(post(&orders.instance(), "wrong", "not an order").await.status, 404);
    assert!(orders.is_untouched());
}

#[tokio::test(start_paused = true)]
async fn two_tokens_are_valid_during_a_rotation() {
    let orders = Orders::new(None);
    let instance = orders.instance();
    let secrets = &orders.harness.fakes.secrets;
    let secret = |tokens: &str| {
        secrets.set("mmob-webhook", &json!({"MMOB_WEBHOOK_TOKEN": tokens}));
    };
    let next = "test-next-webhook-token";
    assert_eq!(post(&instance, TOKEN, &body()).await.status, 200);
    secret(&format!("{TOKEN}, {next}"));
    assert_eq!(
        post(&instance, next, &body()).await.status,
        200,
        "a new token causes a fresh read"
    );
    assert_eq!(post(&instance, TOKEN, &body()).await.status, 200);
    let reads = *secrets.reads.lock().unwrap();
    for _ in 0..10 {
        assert_eq!(post(&instance, "wrong", &body()).await.status, 404);
    }
    assert_eq!(
        *secrets.reads.lock().unwrap(),
        reads,
        "wrong tokens do not cause a read each"
    );
    secret(next);
    pass(60).await;
    assert_eq!(
        post(&instance, TOKEN, &body()).await.status,
        404,
        "the old token has ended"
    );
    assert_eq!(post(&instance, next, &body()).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_started_without_a_token_accepts_the_one_that_is_filled_in() {
    for half in [json!({}), json!({"OTHER": "x"})] {
        let orders = Orders::new(None);
        let secrets = &orders.harness.fakes.secrets;
        let whole = serde_json::from_str(&secrets.remove("mmob-webhook").unwrap()).unwrap();
        secrets.set("mmob-webhook", &half);
        let instance = orders.instance();
        assert_eq!(post(&instance, TOKEN, &body()).await.status, 503);
        secrets.set("mmob-webhook", &whole);
        pass(30).await;
        assert_eq!(post(&instance, TOKEN, &body()).await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_configured_token_the_webhook_answers_503() {
    for secret in [
        None,
        Some("{}"),
        Some(r#"{"MMOB_WEBHOOK_TOKEN":""}"#),
        Some(r#"{"MMOB_WEBHOOK_TOKEN":"short"}"#),
        Some("no json"),
    ] {
        let orders = Orders::new(None);
        let secrets = &orders.harness.fakes.secrets.secrets;
        secrets.lock().unwrap().remove("mmob-webhook");
        let wrong = secret.map(|secret| ("mmob-webhook".to_owned(), secret.to_owned()));
        secrets.lock().unwrap().extend(wrong);
        for token in ["", TOKEN, "short"] {
            assert_eq!(post(&orders.instance(), token, &body()).await.status, 503, "{secret:?}");
        }
        assert!(orders.is_untouched());
    }
    let unset = harness().with(&[("MMOB_WEBHOOK_SECRET", "")]);
    assert_eq!(post(&unset, TOKEN, &body()).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_no_order_is_refused() {
    let orders = Orders::new(None);
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"id":"po_1"}"#,
        &body().replace("po_1", "po/1"),
    ] {
        assert_eq!(post(&orders.instance(), TOKEN, bad).await.status, 400, "{bad}");
    }
    let large = body().replace("Nichols", &"x".repeat(64 * 1024));
    assert_eq!(post(&orders.instance(), TOKEN, &large).await.status, 413);
    assert!(orders.is_untouched());
}

#[tokio::test(start_paused = true)]
async fn an_order_is_stored_even_if_its_messages_are_not_sent() {
    for refused in [1, 2] {
        let orders = Orders::new(auto(&[]));
        orders.sqs.refuse(refused);
        assert_eq!(orders.place().await, 503);
        assert_eq!(orders.row().step, OrderStep::Received);
        assert_eq!(orders.place().await, 200, "MMOB repeats the order");
        assert!(orders.work().await);
        assert_eq!(orders.mmob.status(), "Succesful");
    }
    let orders = Orders::new(None);
    orders.harness.fakes.store.set_down(true);
    assert_eq!(orders.place().await, 503);
    orders.harness.fakes.store.set_down(false);
    assert!(orders.is_untouched());
}

#[test]
fn a_callback_id_of_a_later_round_is_no_order_id() {
    let now = "2026-01-05T10:20:00Z".parse().unwrap();
    let ids = OrderIds {
        order: "po_1".into(),
        product: "prod_1".into(),
        price: "price_1".into(),
        user: "tus_1".into(),
    };
    let mut row = OrderRow::receive(ids, "hash".into(), CorrelationId::new(now), now);
    assert_eq!(row.callback_id(), "po_1");
    row.round = 3;
    assert_eq!(row.callback_id(), "po_1:3");
    assert!(PostedOrder::read(body().replace("po_1", "po_1:3").as_bytes()).is_err());
}

/// A notice with these members at its end.
fn notice(end: &str) -> String {
    format!(
        r#"{{"id":"po_1","status":"Pending","prod_id":"prod_1","pricing_id":"price_1","tpp_user_id":"tus_1"{end}}}"#
    )
}

#[test]
fn equal_inputs_have_equal_texts() {
    let text = |input: &str| PostedOrder::read(notice(input).as_bytes()).unwrap().input().to_owned();
    assert_eq!(
        text(r#","input":{"b":{"y":"\u0061","x":1},"a":2}"#),
        text(r#", "input" : {"a":2,"b":{"x":1,"y":"a"}}"#)
    );
    assert_eq!(text(""), text(r#","input":null"#));
    assert_eq!(text(""), text(r#","input":{}"#));
    assert_eq!(text(r#","input":{"a":[1,2.5]}"#), text(r#","input":{"a":[1.0,25e-1]}"#));
    assert_ne!(text(r#","input":{"a":"1"}"#), text(r#","input":{"a":1}"#));
    assert_ne!(text(r#","input":{"a":[1,2]}"#), text(r#","input":{"a":[2,1]}"#));
    assert_ne!(
        text(r#","input":{"a":9007199254740993}"#),
        text(r#","input":{"a":9007199254740992}"#)
    );
}

#[test]
fn a_notice_that_is_no_order_is_malformed() {
    for body in [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        "<html>".into(),
        notice("").replace("po_1", ""),
        notice("").replace("po_1", "../po_1"),
        notice("").replace("prod_1", "prod.1"),
        notice("").replace(r#""tus_1""#, "7"),
        notice("").replace("price_1", &"p".repeat(65)),
        notice(r#","input":[]"#),
        notice(r#","id":"po_2""#),
        notice(r#","input":{"a":1,"a":2}"#),
    ] {
        let error = PostedOrder::read(body.as_bytes()).err().unwrap();
        assert_eq!(error.kind, Kind::Malformed, "{body}");
    }
}
