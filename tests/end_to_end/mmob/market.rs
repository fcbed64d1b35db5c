//! The simulated marketplace: products of the hub with a price, and orders of them.

use http::Method;
use serde_json::{Value, json};

use crate::stack::{HubResponse, Stack};

pub const ORDERS: &str = "/api/mmob/orders";
pub const PRODUCTS: &str = "/api/mmob/products";
pub const TOKEN: &str = "test-mmob-webhook-token";

/// A product of the hub at MMOB, with a price.
pub struct Offer {
    pub product: String,
    pub price: String,
    /// The secret of a product that a provider's callback fulfils.
    pub secret: Option<String>,
}

/// The body that creates a product.
pub fn product(fulfilment: &Value) -> Value {
    json!({
        "name": "Your product", "description": "Your product description.", "enabled": true,
        "meta": {"your_extra_attributes": "value"}, "productType": "utilities_broadband", "fulfilment": fulfilment,
    })
}

/// Posts as an admin. An empty `key` sends no idempotency key.
pub async fn post(stack: &Stack, path: &str, body: &Value, key: &str) -> HubResponse {
    let admin = stack.text("/tokens/admin");
    let headers = [("idempotency-key", key)];
    let headers = &headers[..usize::from(!key.is_empty())];
    stack
        .send(Method::POST, path, &admin, Some(&body.to_string()), headers)
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

/// The address to which MMOB posts orders.
pub fn webhook(stack: &Stack) -> String {
    format!("{}/webhooks/mmob/{TOKEN}", stack.base_url())
}

/// Places an order of a user. Returns the order's id.
pub async fn place(stack: &Stack, offer: &Offer, more: Value) -> String {
    let mut demand = json!({"product": offer.product, "price": offer.price, "input": {"last_name": "Nichols"}});
    demand
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let placed = stack.control(Method::POST, "/mmob/orders", Some(demand)).await;
    placed["orders"][0].as_str().unwrap().to_owned()
}

/// The order as staff see it, once it is as wanted.
pub async fn shown(stack: &Stack, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let staff = stack.text("/tokens/staff");
    let path = format!("{ORDERS}/{id}");
    let got = stack.until(&path, &staff, |got| got.status == 200 && wanted(&got.json()["data"]));
    got.await.json()["data"].clone()
}

/// A product that an operator fulfils, and an order of it that waits for an operator.
pub async fn ordered(stack: &Stack) -> (String, String) {
    let offer = offer(stack, json!({"kind": "manual"})).await;
    let order = place(stack, &offer, json!({"url": webhook(stack)})).await;
    shown(stack, &order, |order| order["manual"] == "by-hand").await;
    (offer.product, order)
}

/// Decides an order as staff.
pub async fn resolve(stack: &Stack, id: &str, body: Value) -> HubResponse {
    let staff = stack.text("/tokens/staff");
    let path = format!("{ORDERS}/{id}");
    stack
        .send(Method::POST, &path, &staff, Some(&body.to_string()), &[])
        .await
}
