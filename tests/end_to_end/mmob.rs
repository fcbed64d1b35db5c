//! The marketplace's orders on the deployed stack: placed, posted, fulfilled and told, each in one way.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::stack::{Got, Stack};

const ORDERS: &str = "/api/mmob/orders";
const PRODUCTS: &str = "/api/mmob/products";
const TOKEN: &str = "test-mmob-webhook-token";
/// What a user waits, and some more.
const PATIENCE: u32 = 70;

/// A product of ours at MMOB with a price.
pub struct Offer {
    pub product: String,
    pub price: String,
    /// Of a product that is fulfilled by callback.
    pub secret: Option<String>,
}

fn product(fulfilment: &Value) -> Value {
    json!({
        "name": "Your product", "description": "Your product description.", "enabled": true,
        "meta": {"your_extra_attributes": "value"}, "productType": "utilities_broadband", "fulfilment": fulfilment,
    })
}

async fn post(stack: &Stack, path: &str, body: &Value, key: &str) -> Got {
    let admin = stack.text("/tokens/admin");
    let more = [("idempotency-key", key)];
    let more = &more[..usize::from(!key.is_empty())];
    stack
        .send(Method::POST, path, &admin, Some(&body.to_string()), more)
        .await
}

pub async fn offer(stack: &Stack, fulfilment: Value) -> Offer {
    let made = post(stack, PRODUCTS, &product(&fulfilment), "").await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json()["data"].clone();
    let product = made["id"].as_str().unwrap().to_owned();
    let price = json!({"name": "Monthly payment", "currency": "GBP", "amount": 3999});
    let priced = post(stack, &format!("{PRODUCTS}/{product}/pricing"), &price, "").await;
    assert_eq!(priced.status, 201, "{}", priced.text);
    Offer {
        price: priced.json()["data"]["id"].as_str().unwrap().to_owned(),
        secret: made["secret"].as_str().map(str::to_owned),
        product,
    }
}

/// Where MMOB posts orders.
pub fn route(stack: &Stack) -> String {
    format!("{}/webhooks/mmob/{TOKEN}", stack.base_url())
}

/// Has somebody order it; answers the order's id.
pub async fn placed(stack: &Stack, offer: &Offer, more: Value) -> String {
    let mut demand = json!({"product": offer.product, "price": offer.price, "input": {"last_name": "Nichols"}});
    demand
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let placed = stack.control(Method::POST, "/mmob/orders", Some(demand)).await;
    placed["orders"][0].as_str().unwrap().to_owned()
}

/// Has MMOB post it again; answers how that ended.
async fn posted(stack: &Stack, id: &str, mut more: Value) -> Vec<u64> {
    if more["url"].is_null() {
        more["url"] = route(stack).into();
    }
    let path = format!("/mmob/orders/{id}/webhook");
    let sent = stack.control(Method::POST, &path, Some(more)).await;
    let deliveries = sent["deliveries"].as_array().unwrap().iter();
    deliveries
        .map(|one| one["status"].as_u64().unwrap_or_else(|| panic!("{one}")))
        .collect()
}

/// What MMOB has seen of an order, once that is so.
async fn seen(stack: &Stack, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/mmob/orders/{id}");
    for _ in 0..PATIENCE * 4 {
        let report = stack.control(Method::GET, &path, None).await;
        if wanted(&report) {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{}", stack.control(Method::GET, &path, None).await)
}

async fn ended(stack: &Stack, id: &str, status: &str) -> Value {
    let report = seen(stack, id, |report| report["status"] == status).await;
    assert_eq!(report["conflicts"], 0, "{report}");
    report
}

/// The order as staff see it, once that is so.
pub async fn shown(stack: &Stack, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let staff = stack.text("/tokens/staff");
    let path = format!("{ORDERS}/{id}");
    let got = stack.until(&path, &staff, |got| got.status == 200 && wanted(&got.json()["data"]));
    got.await.json()["data"].clone()
}

async fn resolve(stack: &Stack, id: &str, body: Value) -> Got {
    let staff = stack.text("/tokens/staff");
    let path = format!("{ORDERS}/{id}");
    stack
        .send(Method::POST, &path, &staff, Some(&body.to_string()), &[])
        .await
}

/// Sets a provider of this name up, and makes a product that it fulfils.
async fn provided(stack: &Stack, more: Value) -> (String, Offer) {
    let name = uuid::Uuid::new_v4().to_string();
    let url = format!("{}/_provider/{name}", stack.text("/sandboxUrl"));
    let offer = offer(stack, json!({"kind": "callback", "url": url})).await;
    let mut setup = json!({"secret": offer.secret.clone().unwrap()});
    setup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/providers/{name}");
    stack.control(Method::PUT, &path, Some(setup)).await;
    (path, offer)
}

#[tokio::test]
async fn an_order_is_done_by_itself_over_the_route_and_over_the_function_url() {
    let stack = Stack::begin().await;
    let offer = offer(&stack, json!({"kind": "auto", "requiredInputs": ["last_name"]})).await;
    let function = format!("{}/webhooks/mmob/{TOKEN}", stack.function_url("mmobOrderWebhook"));
    for url in [route(&stack), function] {
        let id = placed(&stack, &offer, json!({"url": url})).await;
        let report = ended(&stack, &id, "Succesful").await;
        assert_eq!(
            (&report["inTime"], &report["updates"]),
            (&json!(true), &json!(1)),
            "{report}"
        );
        assert_eq!(report["webhooks"][0]["body"], "{}", "{report}");
        let order = shown(&stack, &id, |order| order["step"] == "TOLD").await;
        assert_eq!(
            (&order["status"], &order["late"]),
            (&json!("Succesful"), &json!(false)),
            "{order}"
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_asked_for_and_the_order_goes_on_with_it() {
    let stack = Stack::begin().await;
    let offer = offer(
        &stack,
        json!({"kind": "auto", "requiredInputs": ["last_name", "sort_code", "account"]}),
    )
    .await;
    let id = placed(&stack, &offer, json!({"url": route(&stack)})).await;
    ended(&stack, &id, "Need_more_info").await;
    let order = shown(&stack, &id, |order| order["step"] == "TOLD").await;
    assert_eq!(
        order["decision"]["requiredFields"],
        json!(["sort_code", "account"]),
        "{order}"
    );
    let input = json!({"last_name": "Nichols", "sort_code": "11-22-33", "account": "123456789"});
    assert_eq!(posted(&stack, &id, json!({"input": input})).await, [200]);
    let report = ended(&stack, &id, "Succesful").await;
    assert_eq!(report["updates"], 2, "{report}");
    assert_eq!(shown(&stack, &id, |order| order["step"] == "TOLD").await["round"], 2);
}

#[tokio::test]
async fn a_provider_decides_once_however_often_it_has_to_be_asked() {
    let stack = Stack::begin().await;
    let failed = json!({"status": "Failed", "output": {"error": "PBX Over capacity"}});
    let script = json!([{"status": 503}, {"served": true, "reset": true}]);
    let (provider, offer) = provided(&stack, json!({"decision": failed, "script": script})).await;
    let id = placed(&stack, &offer, json!({"url": route(&stack)})).await;
    ended(&stack, &id, "Failed").await;
    let asked = stack.control(Method::GET, &provider, None).await;
    assert_eq!(
        (&asked["effects"], &asked["refused"]),
        (&json!({id.as_str(): 1}), &json!(0)),
        "{asked}"
    );
    assert!(asked["deliveries"][&id].as_u64().unwrap() >= 2, "{asked}");
    let event = &asked["received"][0]["body"];
    assert_eq!(
        (&event["data"]["order"]["id"], &event["data"]["pricing"]["amount"]),
        (&json!(id), &json!(3999))
    );
    let text = event.to_string();
    for unneeded in ["1980-01-01", "QQ123456C", "000000000"] {
        assert!(!text.contains(unneeded), "{unneeded} is none of a provider's business");
    }
    let order = shown(&stack, &id, |order| order["step"] == "TOLD").await;
    assert_eq!(order["decision"], failed, "{order}");
}

#[tokio::test]
async fn an_operator_decides_what_is_theirs_and_what_is_final_stays() {
    let stack = Stack::begin().await;
    let offer = offer(&stack, json!({"kind": "manual"})).await;
    let id = placed(&stack, &offer, json!({"url": route(&stack)})).await;
    let order = shown(&stack, &id, |order| order["manual"] == "by-hand").await;
    assert_eq!(order["status"], "Pending");
    let staff = stack.text("/tokens/staff");
    let path = format!("{ORDERS}?manual=true&limit=100");
    stack.until(&path, &staff, |got| got.text.contains(&id)).await;
    for (body, status) in [
        (json!({"status": "Pending"}), 422),
        (json!({"status": "Failed"}), 422),
        (json!({"status": "Need_more_info"}), 422),
        (json!({"status": "Successful", "output": {"key": "Value"}}), 200),
        (json!({"status": "Failed", "error": "too late"}), 409),
    ] {
        let got = resolve(&stack, &id, body.clone()).await;
        assert_eq!(got.status, status, "{body}: {}", got.text);
    }
    let report = ended(&stack, &id, "Succesful").await;
    assert_eq!(report["updates"], 1, "{report}");
    assert_eq!(
        resolve(&stack, "po_0", json!({"status": "Succesful"})).await.status,
        404
    );
    let nobody = stack.send(Method::GET, ORDERS, &stack.customer(), None, &[]).await;
    assert_eq!(nobody.status, 403);
}

#[tokio::test]
async fn an_order_that_is_posted_again_acts_once_and_another_of_its_name_is_refused() {
    let stack = Stack::begin().await;
    let (provider, offer) = provided(&stack, json!({})).await;
    let id = placed(&stack, &offer, json!({})).await;
    assert_eq!(posted(&stack, &id, json!({"times": 3})).await, [200; 3]);
    let report = ended(&stack, &id, "Succesful").await;
    assert_eq!(report["updates"], 1, "{report}");
    for change in [
        json!({"prod_id": "prod_other"}),
        json!({"pricing_id": "price_other"}),
        json!({"tpp_user_id": "tus_other"}),
        json!({"input": {"last_name": "Other"}}),
    ] {
        assert_eq!(posted(&stack, &id, json!({"change": change})).await, [409], "{change}");
    }
    // A status is news, not another order.
    assert_eq!(posted(&stack, &id, json!({})).await, [200]);
    let asked = stack.control(Method::GET, &provider, None).await;
    assert_eq!(asked["effects"], json!({id.as_str(): 1}), "{asked}");
}

#[tokio::test]
async fn who_does_not_know_the_token_or_posts_no_order_changes_nothing() {
    let stack = Stack::begin().await;
    let offer = offer(&stack, json!({"kind": "manual"})).await;
    let id = placed(&stack, &offer, json!({})).await;
    let wrong = |token: &str| format!("{}/webhooks/mmob/{token}", stack.base_url());
    for token in [
        "wrong",
        "test-mmob-webhook-tokem",
        "test-mmob-webhook-token1",
        "TEST-MMOB-WEBHOOK-TOKEN",
    ] {
        assert_eq!(
            posted(&stack, &id, json!({"url": wrong(token)})).await,
            [404],
            "{token}"
        );
    }
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(70_000));
    for (body, status) in [
        (json!("{not JSON"), 400),
        (json!([]), 400),
        (json!({"id": "po_1"}), 400),
        (
            json!({"id": "../po_1", "status": "Pending", "prod_id": "p", "pricing_id": "q", "tpp_user_id": "t"}),
            400,
        ),
        (json!(large), 413),
    ] {
        assert_eq!(posted(&stack, &id, json!({"body": body})).await, [status], "{body}");
    }
    let staff = stack.text("/tokens/staff");
    assert_eq!(stack.get(&format!("{ORDERS}/{id}"), &staff).await.status, 404);
}

#[tokio::test]
async fn an_order_of_what_nobody_has_set_up_waits_for_an_operator() {
    let stack = Stack::begin().await;
    // At MMOB, but not through the hub.
    let made = offer(&stack, json!({"kind": "manual"})).await;
    let key = json!({"pk": {"S": format!("PRODUCT#{}", made.product)}, "sk": {"S": "PRODUCT"}});
    let gone = json!({"TableName": stack.table("mmob"), "Key": key});
    stack.service("dynamodb", "DynamoDB_20120810.DeleteItem", gone).await;
    let id = placed(&stack, &made, json!({"url": route(&stack)})).await;
    let order = shown(&stack, &id, |order| order["manual"] == "unknown-product").await;
    assert_eq!(order["status"], "Pending", "{order}");
    assert_eq!(
        resolve(&stack, &id, json!({"status": "Failed", "error": "not ours"}))
            .await
            .status,
        200
    );
    ended(&stack, &id, "Failed").await;
}

#[tokio::test]
async fn mmob_is_told_although_it_is_unwell() {
    let stack = Stack::begin().await;
    let offer = offer(&stack, json!({"kind": "auto"})).await;
    for (operation, script) in [
        ("order", json!([{"status": 503}, {"delay": 900}, {"reset": true}])),
        (
            "order-update",
            json!([{"status": 500}, {"served": true, "reset": true}, {"served": true, "status": 502}]),
        ),
        (
            "user",
            json!([{"status": 429, "headers": {"retry-after": "1"}}, {"body": "<html></html>"}]),
        ),
    ] {
        stack
            .control(Method::PUT, &format!("/mmob/{operation}"), Some(script))
            .await;
        let id = placed(&stack, &offer, json!({"url": route(&stack)})).await;
        let report = ended(&stack, &id, "Succesful").await;
        assert!(report["inTime"] == true, "{operation}: {report}");
        shown(&stack, &id, |order| order["step"] == "TOLD").await;
    }
}

#[tokio::test]
async fn products_and_prices_are_set_up_once_or_not_at_all() {
    let stack = Stack::begin().await;
    let manual = json!({"kind": "manual"});
    let key = uuid::Uuid::new_v4().to_string();
    // MMOB has done it, and its answer is lost.
    let lost = json!([{"served": true, "status": 502}]);
    stack.control(Method::PUT, "/mmob/product-create", Some(lost)).await;
    let made = post(&stack, PRODUCTS, &product(&manual), &key).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let again = post(&stack, PRODUCTS, &product(&manual), &key).await;
    assert_eq!((again.status, &again.text), (201, &made.text));
    let calls = stack.control(Method::GET, "/mmob/product-create/calls", None).await;
    assert_eq!(calls.as_array().unwrap().len(), 1);
    let staff = stack.text("/tokens/staff");
    let listed = stack.get(&format!("{PRODUCTS}?limit=1"), &staff).await.json();
    assert_eq!(listed["data"][0]["id"], made.json()["data"]["id"], "{listed}");
    let change = |member: &str, value: Value| {
        let mut body = product(&manual);
        body[member] = value;
        body
    };
    for body in [
        change("productType", json!("insurance_boats")),
        change("meta", json!({"a": {"b": "c"}})),
        change(
            "fulfilment",
            json!({"kind": "callback", "url": "https://169.254.169.254/"}),
        ),
        change(
            "fulfilment",
            json!({"kind": "callback", "url": "http://provider.example.com/"}),
        ),
    ] {
        let got = post(&stack, PRODUCTS, &body, "").await;
        assert_eq!(got.status, 422, "{body}: {}", got.text);
    }
    let pricing = format!("{PRODUCTS}/{}/pricing", made.json()["data"]["id"].as_str().unwrap());
    for (currency, amount, status) in [
        (json!("GBP"), json!(3999), 201),
        (json!("ZZZ"), json!(3999), 422),
        (json!("GBP"), json!(39.99), 422),
        (json!("GBP"), json!("3999"), 422),
    ] {
        let body = json!({"name": "Monthly payment", "currency": currency, "amount": amount});
        let got = post(&stack, &pricing, &body, "").await;
        assert_eq!(got.status, status, "{body}: {}", got.text);
    }
    let body = json!({"name": "Monthly payment", "currency": "GBP", "amount": 1});
    let absent = post(&stack, &format!("{PRODUCTS}/prod_0/pricing"), &body, "").await;
    assert_eq!(absent.status, 404, "{}", absent.text);
    let staff_only = stack
        .send(Method::POST, PRODUCTS, &staff, Some(&product(&manual).to_string()), &[])
        .await;
    assert_eq!(staff_only.status, 403);
}
