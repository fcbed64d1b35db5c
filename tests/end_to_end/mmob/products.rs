//! Products and prices that the hub creates at the marketplace.

use http::Method;
use serde_json::{Value, json};

use super::market::{PRODUCTS, post, product};
use crate::lock::Domain::Mmob;
use crate::stack::Stack;

#[tokio::test]
async fn products_and_prices_are_created_once_or_refused() {
    let stack = Stack::exclusive(&[Mmob]).await;
    let manual = json!({"kind": "manual"});
    let key = uuid::Uuid::new_v4().to_string();
    // MMOB creates the product, and its response is lost.
    let lost = json!([{"served": true, "status": 502}]);
    stack.script("mmob/product-create", lost).await;
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
