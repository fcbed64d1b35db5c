//! What MMOB posts, well and badly.

use std::time::Duration;

use model::order::OrderStatus;
use serde_json::{Value, json};

use super::house::{House, TOKEN};
use super::web::order;
use crate::order::{OrderRow, Step, Wake};

fn body() -> String {
    Value::Object(order()).to_string()
}

/// When messages come, in seconds from now.
fn looks(house: &House) -> Vec<u64> {
    let now = tokio::time::Instant::now();
    let mut looks: Vec<u64> = house
        .sqs
        .messages()
        .iter()
        .map(|each| (each.visible - now).as_secs())
        .collect();
    looks.sort_unstable();
    looks
}

#[tokio::test(start_paused = true)]
async fn an_order_is_written_down_and_looked_at_now_and_before_the_minute_is_over() {
    let house = House::new(House::auto(&[]));
    let (status, answer) = house.post(house.env(None), TOKEN, &body()).await;
    assert_eq!((status, answer), (200, json!({})));
    let row = house.row();
    assert_eq!(
        (row.status, row.step, row.round),
        (OrderStatus::Pending, Step::Received, 1)
    );
    assert_eq!(row.deadline(), row.received_at + Duration::from_secs(60));
    assert_eq!(looks(&house), [0, 45]);
    for message in house.sqs.messages() {
        assert_eq!(
            serde_json::from_str::<Wake>(&message.body).unwrap(),
            Wake { id: "po_1".into() }
        );
    }
    assert!(house.web.books().asked.is_empty(), "nothing else happens here");
    let stored = format!("{:?}", house.world.store.table("mmob"));
    assert!(!stored.contains("Nichols") && !stored.contains("123456789"), "{stored}");
}

#[tokio::test(start_paused = true)]
async fn a_function_url_knows_no_path_parameters() {
    let house = House::new(None);
    let mut event = House::event();
    event.path_parameters.clear();
    event.route_key = Some("$default".into());
    assert_eq!(house.request(house.env(None), event.clone()).await.0, 200);
    event.raw_path = Some("/webhooks/mmob/another".into());
    assert_eq!(house.request(house.env(None), event).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_posted_again_has_no_effect_but_to_be_looked_at() {
    let house = House::new(House::auto(&[]));
    assert_eq!(house.place().await, 200);
    let first = house.world.store.table("mmob");
    house.pass(1).await;
    assert_eq!(
        house
            .place_changed(|order| drop(order.insert("status".into(), "Failed".into())))
            .await,
        200
    );
    assert_eq!(house.world.store.table("mmob"), first);
    assert_eq!(looks(&house).len(), 3, "the first messages may be lost");
    assert!(house.work().await);
    let messages = house.sqs.messages().len();
    assert_eq!(house.place().await, 200);
    assert_eq!(house.sqs.messages().len(), messages, "it is finished");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_posted_differently_is_refused_and_the_first_kept() {
    let house = House::new(House::auto(&[]));
    assert_eq!(house.place().await, 200);
    let first = house.world.store.table("mmob");
    for (member, value) in [
        ("prod_id", json!("prod_2")),
        ("pricing_id", json!("price_2")),
        ("tpp_user_id", json!("tus_2")),
        ("input", json!({"last_name": "Nichols", "account_number": "123456780"})),
        ("input", json!(null)),
    ] {
        let change = house.place_changed(|order| drop(order.insert(member.into(), value)));
        assert_eq!(change.await, 409, "{member}");
    }
    assert_eq!(house.world.store.table("mmob"), first);
    assert_eq!(house.sqs.messages().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_needed_more_begins_again_when_it_is_there() {
    let house = House::new(House::auto(&["appointment"]));
    assert_eq!(house.place().await, 200);
    assert!(house.work().await);
    assert_eq!(
        (house.row().status, house.row().step),
        (OrderStatus::NeedMoreInfo, Step::Told)
    );
    house.pass(30).await;
    assert_eq!(house.place().await, 200, "the same as before is nothing new");
    assert_eq!(house.row().round, 1);
    let other = house.place_changed(|order| drop(order.insert("tpp_user_id".into(), "tus_2".into())));
    assert_eq!(other.await, 409);
    house.web.books().order["input"]["appointment"] = "tomorrow".into();
    assert_eq!(house.place().await, 200);
    let row = house.row();
    assert_eq!(
        (row.round, row.status, row.step),
        (2, OrderStatus::Pending, Step::Received)
    );
    assert_eq!((row.received_at, row.decision), (house.clock.now(), None));
    assert!(house.work().await);
    assert_eq!(house.web.status(), "Succesful");
    let change = house.place_changed(|order| drop(order.insert("input".into(), json!({}))));
    assert_eq!(change.await, 409, "what is final stays");
}

#[tokio::test(start_paused = true)]
async fn without_the_token_there_is_nothing_here() {
    let house = House::new(None);
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
        let (status, mut answer) = house.post(house.env(None), token, &body()).await;
        answer.as_object_mut().unwrap().remove("traceId");
        assert_eq!(status, 404, "{token}");
        answers.push(answer);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "which it was says nothing");
    assert_eq!(house.post(house.env(None), "wrong", "not an order").await.0, 404);
    assert!(house.is_unchanged_by_strangers());
}

#[tokio::test(start_paused = true)]
async fn two_tokens_hold_while_they_are_changed() {
    let house = House::new(None);
    let env = house.env(None);
    let secret = |tokens: &str| {
        let secret = json!({"MMOB_API_KEY": "test-mmob-key", "MMOB_WEBHOOK_TOKEN": tokens}).to_string();
        house.world.safe.secrets.lock().unwrap().insert("mmob".into(), secret);
    };
    let next = "test-next-webhook-token";
    assert_eq!(house.post(env.clone(), TOKEN, &body()).await.0, 200);
    secret(&format!("{TOKEN}, {next}"));
    assert_eq!(
        house.post(env.clone(), next, &body()).await.0,
        200,
        "a new one is looked for"
    );
    assert_eq!(house.post(env.clone(), TOKEN, &body()).await.0, 200);
    let asked = *house.world.safe.asked.lock().unwrap();
    for _ in 0..10 {
        assert_eq!(house.post(env.clone(), "wrong", &body()).await.0, 404);
    }
    assert_eq!(
        *house.world.safe.asked.lock().unwrap(),
        asked,
        "and strangers do not make us look each time"
    );
    secret(next);
    house.pass(61).await;
    assert_eq!(house.post(env.clone(), "wrong", &body()).await.0, 404);
    assert_eq!(
        house.post(env.clone(), TOKEN, &body()).await.0,
        404,
        "the old one is over"
    );
    assert_eq!(house.post(env, next, &body()).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_of_our_own_nothing_is_taken() {
    for secret in [
        None,
        Some("{}"),
        Some(r#"{"MMOB_WEBHOOK_TOKEN":""}"#),
        Some(r#"{"MMOB_WEBHOOK_TOKEN":"short"}"#),
        Some("no json"),
    ] {
        let house = House::new(None);
        let secrets = &house.world.safe.secrets;
        secrets.lock().unwrap().remove("mmob");
        let wrong = secret.map(|secret| ("mmob".to_owned(), secret.to_owned()));
        secrets.lock().unwrap().extend(wrong);
        for token in ["", TOKEN, "short"] {
            assert_eq!(house.post(house.env(None), token, &body()).await.0, 503, "{secret:?}");
        }
        assert!(house.is_unchanged_by_strangers());
    }
    let house = House::with(None, 0, None, &[("MMOB_SECRET", "")]);
    assert_eq!(house.post(house.env(None), TOKEN, &body()).await.0, 503);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_an_order_is_refused() {
    let house = House::new(None);
    for bad in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"id":"po_1"}"#,
        &body().replace("po_1", "po/1"),
    ] {
        assert_eq!(house.post(house.env(None), TOKEN, bad).await.0, 400, "{bad}");
    }
    let large = body().replace("Nichols", &"x".repeat(64 * 1024));
    assert_eq!(house.post(house.env(None), TOKEN, &large).await.0, 413);
    assert!(house.is_unchanged_by_strangers());
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_messages_could_not_be_sent_is_there_all_the_same() {
    for refused in [1, 2] {
        let house = House::new(House::auto(&[]));
        house.sqs.refuse(refused);
        assert_eq!(house.place().await, 503);
        assert_eq!(house.row().step, Step::Received);
        assert_eq!(house.place().await, 200, "MMOB tries again");
        assert!(house.work().await);
        assert_eq!(house.web.status(), "Succesful");
    }
    let house = House::new(None);
    house.world.store.set_down(true);
    assert_eq!(house.place().await, 503);
    house.world.store.set_down(false);
    assert!(house.is_unchanged_by_strangers());
}

#[test]
fn a_rounds_callback_has_an_id_that_no_order_has() {
    let facts = crate::order::facts::Facts::of(body().as_bytes()).unwrap();
    let redactor = runtime::redact::Redactor::new("test");
    let now = "2026-01-05T10:20:00Z".parse().unwrap();
    let mut row = OrderRow::receive(&facts, &redactor, model::id::CorrelationId::new(now), now);
    assert_eq!(row.callback_id(), "po_1");
    row.round = 3;
    assert_eq!(row.callback_id(), "po_1:3");
    assert!(crate::order::facts::Facts::of(body().replace("po_1", "po_1:3").as_bytes()).is_err());
}
