//! The domain's functions on stand-ins, with what its tests share.

use http::Method;
use runtime::testing::{Harness, Script};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::{Api, Env, entry};

const QUEUE_EVENT: &str = include_str!("../../../events/operations-delivery-send.json");

/// The domain's functions. Receivers of deliveries respond 204 unless a test scripts another response.
pub fn harness() -> Harness<Env> {
    let harness = Harness::new(entry::functions(), &Api::openapi()).with(&[
        ("SUBSCRIPTIONS_TABLE", "subscriptions"),
        ("DELIVERIES_TABLE", "deliveries"),
        ("DELIVERIES_QUEUE_URL", "queue"),
        ("SEALING_KEYS", "sealing"),
    ]);
    let harness = harness.secret("sealing", &json!({"0": "test-only-sealing-key-of-subscriptions"}));
    harness.fakes.transport.script([], Script::answer(204, ""));
    harness
}

/// The request in a sample event.
pub struct Sample {
    pub method: Method,
    /// With its query.
    pub path: String,
    pub body: Option<String>,
}

impl Sample {
    pub fn of(event: &str) -> Self {
        let event: Value = serde_json::from_str(event).unwrap();
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap();
        let (path, query) = (text("/rawPath"), text("/rawQueryString"));
        Self {
            method: text("/requestContext/http/method").parse().unwrap(),
            path: format!("{path}?{query}"),
            body: event.get("body").map(|body| body.as_str().unwrap().to_owned()),
        }
    }
}

/// The sample event from the bus as the queue delivers it, with this number in its id.
pub fn event(number: u32) -> String {
    let event: Value = serde_json::from_str(QUEUE_EVENT).unwrap();
    let body = event["Records"][0]["body"].as_str().unwrap();
    body.replace(
        "0190d5a0-0000-7000-8000-0000000000e1",
        &format!("0190d5a0-0000-7000-8000-{number:012}"),
    )
}

/// Subscribes an endpoint. Returns the subscription's id and its secret.
pub async fn subscribe(harness: &Harness<Env>, url: &str, types: &[&str]) -> (String, String) {
    let body = json!({"url": url, "eventTypes": types});
    let created = harness.as_admin().post("/api/integration/subscriptions", body).await;
    assert_eq!(created.status, 201, "{}", created.text);
    (created.in_data("id"), created.in_data("secret"))
}

/// The path of a subscription.
pub fn subscription(id: &str) -> String {
    format!("/api/integration/subscriptions/{id}")
}
