//! Offering products at MMOB, and what they cost: once, whatever becomes of MMOB's answer.

use std::time::Duration;

use runtime::testing::Play;
use serde_json::{Value, json};

use super::{Fulfilment, ProductRow};
use crate::house::{Ask, House};

const PRODUCT: &str = include_str!("../../../../shared/partners/fixtures/mmob/product.answer.json");
const PRICE: &str = include_str!("../../../../shared/partners/fixtures/mmob/price.answer.json");
const REFUSAL: &str = include_str!("../../../../shared/partners/fixtures/mmob/product.refusal.json");
const ID: &str = "prod_EfeUDJnTVdDigaqQ9rMaC";
const NONE: &str = r#"{"items":[],"total":null,"page":null,"size":50}"#;

fn create() -> Ask {
    Ask::sample(include_str!("../../../../events/mmob-product-create.json"))
}

fn callback(url: &str) -> Ask {
    create().with("fulfilment", json!({"kind": "callback", "url": url}))
}

fn list(query: &str) -> Ask {
    Ask::sample(include_str!("../../../../events/mmob-product-list.json")).query(query)
}

fn price() -> Ask {
    Ask::sample(include_str!("../../../../events/mmob-price-create.json"))
}

/// The key that MMOB was last told for a product.
fn told(house: &House) -> String {
    let seen = house.world.stage.seen();
    let posted = seen
        .iter()
        .rev()
        .find(|(_, request)| request.method() == "POST")
        .unwrap();
    let body: Value = serde_json::from_slice(posted.1.body()).unwrap();
    body["external_key"].as_str().unwrap().to_owned()
}

/// MMOB lists the product under this key, behind another.
fn listed(key: &str) -> Play {
    let mut mine: Value = serde_json::from_str(PRODUCT).unwrap();
    mine["external_key"] = json!(key);
    let mut other = mine.clone();
    (other["id"], other["external_key"]) = (json!("prod_other"), Value::Null);
    Play::answer(
        200,
        json!({"items": [other, mine], "total": null, "page": null, "size": 50}).to_string(),
    )
}

fn posts(house: &House) -> usize {
    house.asked().iter().filter(|line| line.starts_with("POST")).count()
}

#[tokio::test(start_paused = true)]
async fn a_product_is_offered_and_its_fulfilment_kept() {
    let house = House::new();
    house
        .world
        .stage
        .script([Play::answer(200, PRODUCT)], Play::answer(500, ""));
    let got = house.create(create().key("one")).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let data = got.data();
    assert_eq!((&data["id"], &data["externalKey"]), (&json!(ID), &json!(told(&house))));
    assert_eq!(
        data["fulfilment"],
        json!({"kind": "auto", "requiredInputs": ["last_name"]})
    );
    assert!(data.get("secret").is_none());
    let row = ProductRow::load(&house.env, ID).await.unwrap().unwrap();
    assert!(
        row.fulfilment
            == Fulfilment::Auto {
                required_inputs: vec!["last_name".into()]
            }
    );
    let again = house.create(create().key("one")).await;
    assert_eq!((again.status, again.text), (201, got.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(house.asked(), ["POST /products"]);
    let seen = house.world.stage.seen();
    assert_eq!(seen[0].1.headers()["x-api-key"], "test-mmob-key");
    let products = house.products(list("")).await.json();
    assert_eq!(
        (&products["data"][0]["id"], &products["data"][0]["name"]),
        (&json!(ID), &json!("Your product"))
    );
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_seen_once() {
    let house = House::new();
    house
        .world
        .stage
        .script([Play::answer(200, PRODUCT)], Play::answer(500, ""));
    let url = "https://provider.example.com/orders";
    let got = house.create(callback(url).key("one")).await;
    let secret = got.data()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let row = ProductRow::load(&house.env, ID).await.unwrap().unwrap();
    assert!(
        row.fulfilment
            == Fulfilment::Callback {
                url: url.into(),
                secret: secret.clone()
            }
    );
    let again = house.create(callback(url).key("one")).await;
    let products = house.products(list("")).await;
    for text in [again.text, products.text] {
        assert!(
            text.contains(url) && !text.contains("whsec") && !text.contains(&secret[6..]),
            "{text}"
        );
    }
    let kept = format!(
        "{:?}{:?}",
        house.world.store.table("keys"),
        house.world.store.table("log")
    );
    assert!(!kept.contains(&secret[6..]));
}

#[tokio::test(start_paused = true)]
async fn people_who_may_not_and_bodies_that_cannot_ask_mmob_nothing() {
    let house = House::new();
    for (roles, status) in [(None, 401), (Some(&[][..]), 403), (Some(&["staff"][..]), 403)] {
        assert_eq!(house.create(create().roles(roles)).await.status, status);
        assert_eq!(house.price(price().roles(roles)).await.status, status);
    }
    assert_eq!(house.products(list("").roles(Some(&[]))).await.status, 403);
    for (member, value, field) in [
        ("productType", json!("boats"), "productType"),
        ("meta", json!({"a": {"b": "c"}}), "meta.a"),
        ("name", json!(""), "name"),
        ("name", json!(7), "name"),
        ("enabled", json!("yes"), "enabled"),
        (
            "fulfilment",
            json!({"kind": "callback", "url": "http://provider.example.com/"}),
            "fulfilment.url",
        ),
        (
            "fulfilment",
            json!({"kind": "callback", "url": "https://169.254.169.254/"}),
            "fulfilment.url",
        ),
        (
            "fulfilment",
            json!({"kind": "callback", "url": "https://[::ffff:127.0.0.1]/"}),
            "fulfilment.url",
        ),
        (
            "fulfilment",
            json!({"kind": "auto", "requiredInputs": ["a,b"]}),
            "fulfilment",
        ),
        ("fulfilment", json!({"kind": "magic"}), "fulfilment.kind"),
    ] {
        let got = house.create(create().with(member, value.clone())).await;
        assert_eq!(
            (got.status, got.field().as_str()),
            (422, field),
            "{member} {value}: {}",
            got.text
        );
    }
    for (member, value) in [
        ("currency", json!("ZZZ")),
        ("currency", json!("gbp")),
        ("amount", json!(39.99)),
        ("amount", json!("3999")),
        ("amount", json!(-1)),
        ("name", json!("")),
    ] {
        let got = house.price(price().with(member, value.clone())).await;
        assert_eq!(
            (got.status, got.field().as_str()),
            (422, member),
            "{value}: {}",
            got.text
        );
    }
    assert!(house.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_what_mmob_does_not_like() {
    let house = House::new();
    house
        .world
        .stage
        .script([Play::answer(422, REFUSAL)], Play::answer(200, PRODUCT));
    let got = house.create(create().key("one")).await;
    assert_eq!((got.status, got.field().as_str()), (422, "productType"), "{}", got.text);
    assert!(ProductRow::load(&house.env, ID).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_for() {
    for lost in [Play::Reset, Play::answer(502, "<html></html>"), Play::answer(200, "{}")] {
        let house = House::new();
        house.world.stage.script(
            [lost.clone()],
            Play::By(|request| match request.method().as_str() {
                "GET" => Play::answer(200, NONE),
                _ => Play::answer(500, ""),
            }),
        );
        let unknown = house.create(create().key("one")).await;
        assert!(unknown.status >= 500, "{lost:?}: {}", unknown.text);
        let key = told(&house);
        house.world.stage.script([], listed(&key));
        let got = house.create(create().key("one")).await;
        assert_eq!(
            (got.status, &got.data()["id"]),
            (201, &json!(ID)),
            "{lost:?}: {}",
            got.text
        );
        assert_eq!(posts(&house), 1, "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_on_its_way_is_waited_for_and_what_never_came_is_sent_again() {
    let house = House::new();
    let nothing = Play::By(|request| match request.method().as_str() {
        "GET" => Play::answer(200, NONE),
        _ => Play::Reset,
    });
    house.world.stage.script([], nothing);
    assert_eq!(house.create(create().key("one")).await.status, 504);
    let key = told(&house);
    let early = house.create(create().key("one")).await;
    assert_eq!(early.status, 409, "{}", early.text);
    assert!(early.headers.contains_key("retry-after"));
    assert_eq!(posts(&house), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    house.world.stage.script(
        [Play::answer(200, NONE), Play::answer(200, PRODUCT)],
        Play::answer(500, ""),
    );
    let got = house.create(create().key("one")).await;
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!((posts(&house), told(&house)), (2, key), "under the same name as before");
}

#[tokio::test(start_paused = true)]
async fn what_is_known_not_to_have_arrived_is_sent_again_at_once() {
    let house = House::new();
    house
        .world
        .stage
        .script([Play::answer(422, REFUSAL)], Play::Unreachable);
    assert_eq!(house.create(create().key("one")).await.status, 422);
    assert_eq!(house.create(create().key("two")).await.status, 503);
    house.world.stage.script([], Play::answer(200, PRODUCT));
    assert_eq!(house.create(create().key("two")).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_price_is_created_once_or_somebody_has_to_look() {
    let house = House::new();
    house.world.stage.script([Play::answer(200, PRICE)], Play::Reset);
    let got = house.price(price().key("one")).await;
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!(
        got.data(),
        json!({"id": "price_7f8g9h0i1j2", "prodId": ID, "name": "Monhtly payment", "currency": "GBP", "amount": 3999})
    );
    assert_eq!(house.asked(), [format!("POST /products/{ID}/pricing")]);
    assert_eq!(house.price(price().key("two")).await.status, 504);
    let again = house.price(price().key("two")).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(posts(&house), 2);
    house
        .world
        .stage
        .script([Play::answer(404, "")], Play::answer(200, PRICE));
    assert_eq!(
        house.price(price().key("three")).await.status,
        404,
        "MMOB has no such product"
    );
    let hostile = price().path("prodId", "../orders");
    assert_eq!(house.price(hostile).await.status, 404);
    assert_eq!(posts(&house), 3);
}

#[tokio::test(start_paused = true)]
async fn products_are_listed_in_pages() {
    let house = House::new();
    for number in 1..=5 {
        let product = PRODUCT.replace(ID, &format!("prod_{number}"));
        house
            .world
            .stage
            .script([Play::answer(200, product)], Play::answer(500, ""));
        assert_eq!(house.create(create()).await.status, 201);
        tokio::time::advance(Duration::from_millis(5)).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.products(list(&format!("limit=2{cursor}"))).await.json();
        let ids = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|product| product["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["prod_5", "prod_4", "prod_3", "prod_2", "prod_1"]);
}
