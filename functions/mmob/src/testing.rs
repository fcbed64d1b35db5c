//! The domain's functions on stand-ins, with what its tests share.

use std::sync::LazyLock;

use runtime::testing::{Harness, Script};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{Api, Env, entry};

/// The token in the webhook's address.
pub const TOKEN: &str = "test-mmob-webhook-token";
pub const WEBHOOK: &str = "/webhooks/mmob/test-mmob-webhook-token";

const SETTINGS: [(&str, &str); 6] = [
    ("MMOB_TABLE", "mmob"),
    ("MMOB_ORDERS_QUEUE_URL", "orders"),
    ("MMOB_URL", "https://mmob.test"),
    ("MMOB_SECRET", "mmob"),
    ("SEALING_KEYS", "sealing"),
    ("MMOB_WEBHOOK_SECRET", "mmob-webhook"),
];

/// The domain's functions. MMOB answers 500 unless a test scripts something else.
pub fn harness() -> Harness<Env> {
    // A simulation needs thousands of harnesses, and building the API document takes longer than a simulated order.
    static FIRST: LazyLock<Harness<Env>> =
        LazyLock::new(|| Harness::new(entry::functions(), &Api::openapi()).with(&SETTINGS));
    let harness = FIRST.fresh();
    harness.fakes.transport.script([], Script::answer(500, ""));
    let keys = json!({"0": "test-only-sealing-key-of-products"});
    harness
        .secret("mmob", &json!({"MMOB_API_KEY": "test-mmob-key"}))
        .secret("mmob-webhook", &json!({"MMOB_WEBHOOK_TOKEN": TOKEN}))
        .secret("sealing", &keys)
}

/// The body of a sample event.
pub fn sample(event: &str) -> Value {
    let event: Value = serde_json::from_str(event).unwrap();
    serde_json::from_str(event["body"].as_str().unwrap()).unwrap()
}

/// Has MMOB post the sample's order under this id.
pub async fn post_order(harness: &Harness<Env>, id: &str) {
    let mut order = sample(include_str!("../../../events/mmob-order-webhook.json"));
    order["id"] = json!(id);
    let response = harness.anonymous().post(WEBHOOK, order).await;
    assert_eq!(response.status, 200, "{}", response.text);
}
