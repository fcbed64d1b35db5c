//! Products and prices at MMOB: each is created once, whatever happens to MMOB's response.

use std::time::Duration;

use model::Kind;
use runtime::testing::{Harness, Script, TestResponse};
use runtime::work::row::Row;
use serde_json::{Value, json};

use super::{Fulfilment, ProductRow, open};
use crate::Env;
use crate::testing::{harness, sample};

const PRODUCT: &str = include_str!("../../../../shared/partners/marketplace/fixtures/mmob/product.answer.json");
const PRICE: &str = include_str!("../../../../shared/partners/marketplace/fixtures/mmob/price.answer.json");
const REFUSAL: &str = include_str!("../../../../shared/partners/marketplace/fixtures/mmob/product.refusal.json");
const ID: &str = "prod_EfeUDJnTVdDigaqQ9rMaC";
const NONE: &str = r#"{"items":[],"total":null,"page":null,"size":50}"#;

const PRODUCTS_PATH: &str = "/api/mmob/products";

fn product() -> Value {
    sample(include_str!("../../../../events/mmob-product-create.json"))
}

fn product_with(member: &str, value: Value) -> Value {
    let mut product = product();
    product[member] = value;
    product
}

fn callback(url: &str) -> Value {
    product_with("fulfilment", json!({"kind": "callback", "url": url}))
}

fn price_with(member: &str, value: Value) -> Value {
    let mut price = sample(include_str!("../../../../events/mmob-price-create.json"));
    price[member] = value;
    price
}

async fn create(harness: &Harness<Env>, key: &str) -> TestResponse {
    harness.as_admin().post(PRODUCTS_PATH, product()).key(key).await
}

async fn price(harness: &Harness<Env>, key: &str) -> TestResponse {
    let body = sample(include_str!("../../../../events/mmob-price-create.json"));
    harness.as_admin().post(&price_path(), body).key(key).await
}

fn price_path() -> String {
    format!("{PRODUCTS_PATH}/{ID}/pricing")
}

async fn list(harness: &Harness<Env>, query: &str) -> TestResponse {
    harness.as_staff().get(&format!("{PRODUCTS_PATH}?{query}")).await
}

/// Every request to MMOB, as method and path.
fn requests(harness: &Harness<Env>) -> Vec<String> {
    let seen = harness.fakes.transport.seen().into_iter();
    seen.map(|(_, request)| format!("{} {}", request.method(), request.uri().path()))
        .collect()
}

/// The external key in the last request that creates a product.
fn external_key(harness: &Harness<Env>) -> String {
    let seen = harness.fakes.transport.seen();
    let posted = seen
        .iter()
        .rev()
        .find(|(_, request)| request.method() == "POST")
        .unwrap();
    let body: Value = serde_json::from_slice(posted.1.body()).unwrap();
    body["external_key"].as_str().unwrap().to_owned()
}

/// MMOB's list, with the product of this key after another one.
fn listed(key: &str) -> Script {
    let mut mine: Value = serde_json::from_str(PRODUCT).unwrap();
    mine["external_key"] = json!(key);
    let mut other = mine.clone();
    (other["id"], other["external_key"]) = (json!("prod_other"), Value::Null);
    Script::answer(
        200,
        json!({"items": [other, mine], "total": null, "page": null, "size": 50}).to_string(),
    )
}

fn posts(harness: &Harness<Env>) -> usize {
    requests(harness).iter().filter(|line| line.starts_with("POST")).count()
}

#[tokio::test(start_paused = true)]
async fn a_product_is_created_at_mmob_and_its_fulfilment_stored() {
    let harness = harness();
    harness
        .fakes
        .transport
        .script([Script::answer(200, PRODUCT)], Script::answer(500, ""));
    let response = create(&harness, "one").await;
    assert_eq!(response.status, 201, "{}", response.text);
    let data = response.data();
    assert_eq!(
        (&data["id"], &data["externalKey"]),
        (&json!(ID), &json!(external_key(&harness)))
    );
    assert_eq!(
        data["fulfilment"],
        json!({"kind": "auto", "requiredInputs": ["last_name"]})
    );
    assert!(data.get("secret").is_none());
    let row = ProductRow::load(harness.env().table().unwrap(), ID)
        .await
        .unwrap()
        .unwrap();
    assert!(
        row.fulfilment
            == Fulfilment::Auto {
                required_inputs: vec!["last_name".into()]
            }
    );
    let again = create(&harness, "one").await;
    assert_eq!((again.status, again.text), (201, response.text));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(requests(&harness), ["POST /products"]);
    let seen = harness.fakes.transport.seen();
    assert_eq!(seen[0].1.headers()["x-api-key"], "test-mmob-key");
    let stored = harness.fakes.store.table("mmob");
    let creators: Vec<_> = stored
        .iter()
        .filter_map(|row| row.get("createdBy")?.as_s().ok())
        .collect();
    assert_eq!(creators, ["admin"]);
    let products = list(&harness, "").await.json();
    assert_eq!(
        (&products["data"][0]["id"], &products["data"][0]["name"]),
        (&json!(ID), &json!("Your product"))
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_first_response_has_the_secret() {
    let harness = harness();
    harness
        .fakes
        .transport
        .script([Script::answer(200, PRODUCT)], Script::answer(500, ""));
    let url = "https://provider.example.com/orders";
    let response = harness.as_admin().post(PRODUCTS_PATH, callback(url)).key("one").await;
    let secret = response.data()["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let row = ProductRow::load(harness.env().table().unwrap(), ID)
        .await
        .unwrap()
        .unwrap();
    let Fulfilment::Callback { secret: sealed, .. } = &row.fulfilment else {
        panic!("{:?}", row.fulfilment)
    };
    let opened = async |id: &str| open(&harness.env(), id, sealed, harness.now()).await;
    assert_eq!(opened(ID).await.unwrap(), secret);
    let moved = opened("prod_other").await.unwrap_err();
    assert_eq!(moved.kind, Kind::Internal, "it opens in its own row only");
    let again = harness.as_admin().post(PRODUCTS_PATH, callback(url)).key("one").await;
    let products = list(&harness, "").await;
    for text in [again.text, products.text] {
        assert!(
            text.contains(url) && !text.contains("whsec") && !text.contains(&secret[6..]),
            "{text}"
        );
    }
    let rows = format!("{:?}", harness.fakes.store.rows());
    assert!(
        rows.contains(url) && !rows.contains(&secret[6..]),
        "no row has it in clear"
    );
}

#[tokio::test(start_paused = true)]
async fn without_sealing_keys_mmob_gets_no_product() {
    let harness = harness().secret("sealing", &json!({}));
    let url = "https://provider.example.com/orders";
    let response = harness.as_admin().post(PRODUCTS_PATH, callback(url)).key("one").await;
    assert_eq!(response.status, 500, "{}", response.text);
    assert!(harness.fakes.transport.seen().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_does_not_reach_mmob() {
    let harness = harness();
    for (caller, status) in [
        (harness.anonymous(), 401),
        (harness.as_customer(), 403),
        (harness.as_staff(), 403),
    ] {
        assert_eq!(caller.post(PRODUCTS_PATH, product()).await.status, status);
        assert_eq!(
            caller.post(&price_path(), price_with("name", json!("x"))).await.status,
            status
        );
    }
    assert_eq!(harness.as_customer().get(PRODUCTS_PATH).await.status, 403);
    let admin = harness.as_admin();
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
            "fulfilment.requiredInputs",
        ),
        ("fulfilment", json!({"kind": "magic"}), "fulfilment.kind"),
        ("name", json!("Fast\0broadband"), "name"),
        ("name", json!("Fast\nbroadband"), "name"),
        ("name", json!("\u{202e}Fast"), "name"),
        ("description", json!("Fast\u{2067}"), "description"),
        ("meta", json!({"a\u{200b}": "b"}), "meta"),
    ] {
        let response = admin.post(PRODUCTS_PATH, product_with(member, value.clone())).await;
        assert_eq!(
            (response.status, response.field().as_str()),
            (422, field),
            "{member} {value}: {}",
            response.text
        );
    }
    for (member, value) in [
        ("currency", json!("ZZZ")),
        ("currency", json!("gbp")),
        ("amount", json!(39.99)),
        ("amount", json!("3999")),
        ("amount", json!(-1)),
        ("name", json!("")),
        ("name", json!("Monthly\r\npayment")),
        ("name", json!("Monthly\u{202e}payment")),
    ] {
        let response = admin.post(&price_path(), price_with(member, value.clone())).await;
        assert_eq!(
            (response.status, response.field().as_str()),
            (422, member),
            "{value}: {}",
            response.text
        );
    }
    assert!(requests(&harness).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_value_that_mmob_refuses() {
    let harness = harness();
    harness
        .fakes
        .transport
        .script([Script::answer(422, REFUSAL)], Script::answer(200, PRODUCT));
    let response = create(&harness, "one").await;
    assert_eq!(
        (response.status, response.field().as_str()),
        (422, "productType"),
        "{}",
        response.text
    );
    assert!(
        ProductRow::load(harness.env().table().unwrap(), ID)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_product_whose_response_was_lost_is_found_again() {
    for lost in [
        Script::Reset,
        Script::answer(502, "<html></html>"),
        Script::answer(200, "{}"),
    ] {
        let harness = harness();
        harness.fakes.transport.script(
            [lost.clone()],
            Script::By(|request| match request.method().as_str() {
                "GET" => Script::answer(200, NONE),
                _ => Script::answer(500, ""),
            }),
        );
        let unknown = create(&harness, "one").await;
        assert!(unknown.status >= 500, "{lost:?}: {}", unknown.text);
        let key = external_key(&harness);
        harness.fakes.transport.script([], listed(&key));
        let response = create(&harness, "one").await;
        assert_eq!(
            (response.status, &response.data()["id"]),
            (201, &json!(ID)),
            "{lost:?}: {}",
            response.text
        );
        assert_eq!(posts(&harness), 1, "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_product_is_created_again_only_after_it_cannot_arrive_any_more() {
    let harness = harness();
    let nothing = Script::By(|request| match request.method().as_str() {
        "GET" => Script::answer(200, NONE),
        _ => Script::Reset,
    });
    harness.fakes.transport.script([], nothing);
    assert_eq!(create(&harness, "one").await.status, 504);
    let key = external_key(&harness);
    let early = create(&harness, "one").await;
    assert_eq!(early.status, 409, "{}", early.text);
    assert!(early.headers.contains_key("retry-after"));
    assert_eq!(posts(&harness), 1);
    tokio::time::advance(Duration::from_secs(31)).await;
    harness.fakes.transport.script(
        [Script::answer(200, NONE), Script::answer(200, PRODUCT)],
        Script::answer(500, ""),
    );
    let response = create(&harness, "one").await;
    assert_eq!(response.status, 201, "{}", response.text);
    assert_eq!(
        (posts(&harness), external_key(&harness)),
        (2, key),
        "under the same key as before"
    );
}

#[tokio::test(start_paused = true)]
async fn a_product_that_certainly_did_not_arrive_is_created_again_at_once() {
    let harness = harness();
    harness
        .fakes
        .transport
        .script([Script::answer(422, REFUSAL)], Script::Unreachable);
    assert_eq!(create(&harness, "one").await.status, 422);
    assert_eq!(create(&harness, "two").await.status, 503);
    harness.fakes.transport.script([], Script::answer(200, PRODUCT));
    assert_eq!(create(&harness, "two").await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_price_is_created_once_or_an_operator_has_to_look() {
    let harness = harness();
    harness
        .fakes
        .transport
        .script([Script::answer(200, PRICE)], Script::Reset);
    let response = price(&harness, "one").await;
    assert_eq!(response.status, 201, "{}", response.text);
    assert_eq!(
        response.data(),
        json!({"id": "price_7f8g9h0i1j2", "prodId": ID, "name": "Monhtly payment", "currency": "GBP", "amount": 3999})
    );
    assert_eq!(requests(&harness), [format!("POST /products/{ID}/pricing")]);
    let rows = harness.fakes.store.table("mmob");
    let kept = rows
        .iter()
        .find(|row| row["pk"].as_s().unwrap() == "PRICE#price_7f8g9h0i1j2");
    assert_eq!(kept.unwrap()["createdBy"].as_s().unwrap(), "admin");
    assert_eq!(price(&harness, "two").await.status, 504);
    let again = price(&harness, "two").await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(posts(&harness), 2);
    harness
        .fakes
        .transport
        .script([Script::answer(404, "")], Script::answer(200, PRICE));
    assert_eq!(price(&harness, "three").await.status, 404, "MMOB has no such product");
    let admin = harness.as_admin();
    let hostile = admin.post(&price_path(), price_with("name", json!("x")));
    let hostile = hostile.path("prodId", "../orders");
    assert_eq!(hostile.await.status, 404);
    assert_eq!(posts(&harness), 3);
}

#[tokio::test(start_paused = true)]
async fn products_are_listed_in_pages() {
    let harness = harness();
    for number in 1..=5 {
        let created = PRODUCT.replace(ID, &format!("prod_{number}"));
        harness
            .fakes
            .transport
            .script([Script::answer(200, created)], Script::answer(500, ""));
        assert_eq!(harness.as_admin().post(PRODUCTS_PATH, product()).await.status, 201);
        tokio::time::advance(Duration::from_millis(5)).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&harness, &format!("limit=2{cursor}")).await.json();
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
