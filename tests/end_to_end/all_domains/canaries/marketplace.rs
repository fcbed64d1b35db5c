//! A marketplace's orders: users' input and providers' answers, good ones and refused ones.

use http::Method;
use serde_json::{Value, json};

use super::canary_values::CanaryValues;
use super::seen::Seen;
use crate::end_to_end::mmob::market::{Offer, place, shown, webhook};
use crate::leaks::Text;
use crate::stack::{HubResponse, Stack};

/// The lists that staff see.
pub const ORDERS: &str = "/api/mmob/orders?limit=100";
pub const PRODUCTS: &str = "/api/mmob/products?limit=100";

pub async fn trade(stack: &Stack, values: &CanaryValues, seen: &mut Seen) {
    let echo = values.odd("echo");
    let detail = json!({"detail": [{"loc": ["body", echo], "msg": echo, "type": echo}], "sent": values.input()});
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
        stack.script(&format!("mmob/{operation}"), script).await;
    }
    refused_offers(stack, values, seen).await;
    let [first, second] = &values.offers;
    let error = values.odd("errorprovider");
    let answer = json!({"status": "Failed", "output": {"error": values.odd("answerprovider")}});
    let header = json!({"x-debug": error, "content-type": "application/json"});
    let refusal = json!([{"status": 500, "body": {"sent": error}, "headers": header}, {"status": 400, "body": error}]);
    provider(stack, values, "first", first, json!({"decision": answer})).await;
    provider(stack, values, "second", second, json!({"script": refusal})).await;
    let demand = json!({"input": values.input(), "user": values.user(), "url": webhook(stack)});
    let done = place(stack, first, demand.clone()).await;
    let refused = place(stack, second, demand).await;
    shown(stack, &done, |order| order["step"] == "TOLD").await;
    shown(stack, &refused, |order| order["manual"] == "refused").await;
    refused_orders(stack, values, &done, seen).await;
    let decision = json!({"status": "Succesful", "output": {"key": values.odd("decision")}});
    let decided = resolve(stack, &refused, &decision).await;
    assert_eq!(decided.status, 200, "{}", decided.text);
    shown(stack, &refused, |order| order["step"] == "TOLD").await;
}

async fn provider(stack: &Stack, values: &CanaryValues, name: &str, offer: &Offer, more: Value) {
    let mut setup = json!({"secret": offer.secret});
    setup.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let path = format!("/providers/{}", values.word(name));
    stack.control(Method::PUT, &path, Some(setup)).await;
}

async fn resolve(stack: &Stack, id: &str, body: &Value) -> HubResponse {
    let (staff, key) = (stack.text("/tokens/staff"), uuid::Uuid::new_v4().to_string());
    let path = format!("/api/mmob/orders/{id}");
    let headers = [("idempotency-key", key.as_str())];
    stack
        .send(Method::POST, &path, &staff, Some(&body.to_string()), &headers)
        .await
}

/// Products and prices that are refused.
async fn refused_offers(stack: &Stack, values: &CanaryValues, seen: &mut Seen) {
    let admin = stack.text("/tokens/admin");
    let product = |kind: &str, url: &str| {
        json!({"name": values.odd("raw"), "productType": kind, "meta": {values.word("member"): values.odd("raw")},
            "fulfilment": {"kind": "callback", "url": url}})
    };
    let price =
        |currency: &str, amount: Value| json!({"name": values.odd("raw"), "currency": currency, "amount": amount});
    let (tv, url) = ("utilities_tv", format!("{}/_provider/x", stack.text("/sandboxUrl")));
    let inside = format!(
        "https://{}@169.254.169.254/{}",
        values.word("hook"),
        values.word("hook")
    );
    let products = "/api/mmob/products".to_owned();
    let pricing = format!("{products}/{}/pricing", values.offers[0].product);
    let nowhere = format!("{products}/{}/pricing", values.word("path"));
    for (status, path, body) in [
        (422, &products, product(&values.word("enum"), &url)),
        (422, &products, product(tv, &inside)),
        // MMOB refuses it.
        (422, &products, product(tv, &url)),
        (502, &products, product(tv, &url)),
        (422, &pricing, price(&values.word("enum"), json!(1))),
        (422, &pricing, price("GBP", json!(values.word("number")))),
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
async fn refused_orders(stack: &Stack, values: &CanaryValues, id: &str, seen: &mut Seen) {
    let input = values.input();
    let elsewhere = format!("{}/webhooks/mmob/{}", stack.base_url(), values.word("path"));
    let large = json!({"id": id, "input": [values.odd("lastorder"), "x".repeat(70_000)]});
    for (status, post) in [
        (200, json!({})),
        (404, json!({"url": elsewhere})),
        (409, json!({"change": {"input": {"more": input}}})),
        (400, json!({"change": {"prod_id": values.odd("raw")}})),
        (400, json!({"body": format!("{{\"input\": {input}")})),
        (400, json!({"body": {"id": id, "input": input}})),
        (413, json!({"body": large})),
    ] {
        let mut post = post;
        if post["url"].is_null() {
            post["url"] = webhook(stack).into();
        }
        let path = format!("/mmob/orders/{id}/webhook");
        let sent = stack.control(Method::POST, &path, Some(post)).await;
        assert_eq!(sent["deliveries"][0]["status"], status, "{sent}");
        seen.0.push(Text {
            place: "the response to an order".into(),
            text: sent["deliveries"].to_string(),
        });
    }
    let output = json!({"key": values.odd("decision")});
    for (status, body) in [
        (409, json!({"status": "Succesful", "output": output})),
        (422, json!({"status": values.word("enum"), "output": output})),
        (422, json!({"status": "Succesful", "error": values.odd("decision")})),
        (
            422,
            json!({"status": "Need_more_info", "requiredFields": [format!("{},", values.odd("decision"))]}),
        ),
    ] {
        let got = resolve(stack, id, &body).await;
        assert_eq!(got.status, status, "{body}: {}", got.text);
        seen.add("a decision", &got);
    }
}
