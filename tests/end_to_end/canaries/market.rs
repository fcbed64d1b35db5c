//! What a marketplace's users fill in and what providers say of it, where all goes well and where it does not.

use http::Method;
use serde_json::{Value, json};

use super::Seen;
use crate::end_to_end::flock::Flock;
use crate::end_to_end::mmob::{Offer, placed, route, shown};
use crate::leaks::Text;
use crate::stack::{Got, Stack};

pub const TOKEN: &str = "test-mmob-webhook-token";
/// As staff see them.
pub const ORDERS: &str = "/api/mmob/orders?limit=100";
pub const PRODUCTS: &str = "/api/mmob/products?limit=100";

pub async fn trade(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    let echo = flock.odd("echo");
    let detail = json!({"detail": [{"loc": ["body", echo], "msg": echo, "type": echo}], "sent": flock.input()});
    for (operation, script) in [
        (
            "order",
            json!([{"status": 500, "body": detail}, {"body": format!("<html>{echo}")}]),
        ),
        ("user", json!([{"status": 422, "body": detail}])),
        ("order-update", json!([{"status": 422, "body": detail}])),
        (
            "product-create",
            json!([{"status": 422, "body": detail}, {"status": 401, "body": detail, "times": 2}]),
        ),
        ("price-create", json!([{"status": 422, "body": detail}])),
    ] {
        let path = format!("/mmob/{operation}");
        stack.control(Method::PUT, &path, Some(script)).await;
    }
    refused_offers(stack, flock, seen).await;
    let [first, second] = &flock.offers;
    let error = flock.odd("errorprovider");
    let answer = json!({"status": "Failed", "output": {"error": flock.odd("answerprovider")}});
    let header = json!({"x-debug": error, "content-type": "application/json"});
    let refusal = json!([{"status": 500, "body": {"sent": error}, "headers": header}, {"status": 400, "body": error}]);
    provider(stack, flock, "first", first, json!({"decision": answer})).await;
    provider(stack, flock, "second", second, json!({"script": refusal})).await;
    let demand = json!({"input": flock.input(), "user": flock.user(), "url": route(stack)});
    let done = placed(stack, first, demand.clone()).await;
    let refused = placed(stack, second, demand).await;
    shown(stack, &done, |order| order["step"] == "TOLD").await;
    shown(stack, &refused, |order| order["manual"] == "refused").await;
    refused_orders(stack, flock, &done, seen).await;
    let decision = json!({"status": "Succesful", "output": {"key": flock.odd("decision")}});
    let decided = resolve(stack, &refused, &decision).await;
    assert_eq!(decided.status, 200, "{}", decided.text);
    shown(stack, &refused, |order| order["step"] == "TOLD").await;
}

async fn provider(stack: &Stack, flock: &Flock, name: &str, offer: &Offer, more: Value) {
    let mut setup = json!({"secret": offer.secret});
    setup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/providers/{}", flock.word(name));
    stack.control(Method::PUT, &path, Some(setup)).await;
}

async fn resolve(stack: &Stack, id: &str, body: &Value) -> Got {
    let (staff, key) = (stack.text("/tokens/staff"), uuid::Uuid::new_v4().to_string());
    let path = format!("/api/mmob/orders/{id}");
    let once = [("idempotency-key", key.as_str())];
    stack
        .send(Method::POST, &path, &staff, Some(&body.to_string()), &once)
        .await
}

/// Products and prices that nobody makes.
async fn refused_offers(stack: &Stack, flock: &Flock, seen: &mut Seen) {
    let admin = stack.text("/tokens/admin");
    let product = |kind: &str, url: &str| {
        json!({"name": flock.odd("raw"), "productType": kind, "meta": {flock.word("member"): flock.odd("raw")},
            "fulfilment": {"kind": "callback", "url": url}})
    };
    let price =
        |currency: &str, amount: Value| json!({"name": flock.odd("raw"), "currency": currency, "amount": amount});
    let (tv, url) = ("utilities_tv", format!("{}/_provider/x", stack.text("/sandboxUrl")));
    let inside = format!("https://{}@169.254.169.254/{}", flock.word("hook"), flock.word("hook"));
    let products = "/api/mmob/products".to_owned();
    let pricing = format!("{products}/{}/pricing", flock.offers[0].product);
    let nowhere = format!("{products}/{}/pricing", flock.word("path"));
    for (status, path, body) in [
        (422, &products, product(&flock.word("enum"), &url)),
        (422, &products, product(tv, &inside)),
        // As MMOB has it.
        (422, &products, product(tv, &url)),
        (502, &products, product(tv, &url)),
        (422, &pricing, price(&flock.word("enum"), json!(1))),
        (422, &pricing, price("GBP", json!(flock.word("number")))),
        (422, &pricing, price("GBP", json!(1))),
        (404, &nowhere, price("GBP", json!(1))),
    ] {
        let got = stack
            .send(Method::POST, path, &admin, Some(&body.to_string()), &[])
            .await;
        assert_eq!(got.status, status, "{path} {body}: {}", got.text);
        seen.add(path, &got);
    }
}

/// Webhooks that change nothing, and decisions about an order that is final.
async fn refused_orders(stack: &Stack, flock: &Flock, id: &str, seen: &mut Seen) {
    let input = flock.input();
    let elsewhere = format!("{}/webhooks/mmob/{}", stack.base_url(), flock.word("path"));
    let large = json!({"id": id, "input": [flock.odd("lastorder"), "x".repeat(70_000)]});
    for (status, post) in [
        (200, json!({})),
        (404, json!({"url": elsewhere})),
        (409, json!({"change": {"input": {"more": input}}})),
        (400, json!({"change": {"prod_id": flock.odd("raw")}})),
        (400, json!({"body": format!("{{\"input\": {input}")})),
        (400, json!({"body": {"id": id, "input": input}})),
        (413, json!({"body": large})),
    ] {
        let mut post = post;
        if post["url"].is_null() {
            post["url"] = route(stack).into();
        }
        let path = format!("/mmob/orders/{id}/webhook");
        let sent = stack.control(Method::POST, &path, Some(post)).await;
        assert_eq!(sent["deliveries"][0]["status"], status, "{sent}");
        seen.0.push(Text {
            place: "the answer to an order".into(),
            text: sent["deliveries"].to_string(),
        });
    }
    let output = json!({"key": flock.odd("decision")});
    for (status, body) in [
        (409, json!({"status": "Succesful", "output": output})),
        (422, json!({"status": flock.word("enum"), "output": output})),
        (422, json!({"status": "Succesful", "error": flock.odd("decision")})),
        (
            422,
            json!({"status": "Need_more_info", "requiredFields": [format!("{},", flock.odd("decision"))]}),
        ),
    ] {
        let got = resolve(stack, id, &body).await;
        assert_eq!(got.status, status, "{body}: {}", got.text);
        seen.add("a decision", &got);
    }
}
