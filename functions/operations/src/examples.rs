//! The examples of the API document: every request is sent, and every response compared.

use http::Method;
use runtime::testing::{Examples, Harness};
use utoipa::OpenApi;

use crate::log::fixtures::LoggedCall;
use crate::testing::{event, harness};
use crate::{Api, Env};

const SUBSCRIPTIONS: &str = "/api/integration/subscriptions";
const DELIVERIES: &str = "/api/integration/deliveries";
const ERASURES: &str = "/api/integration/erasures";

#[tokio::test(start_paused = true)]
async fn every_operation_has_its_examples() {
    let mut examples = Examples::of(env!("CARGO_MANIFEST_DIR"));
    deliveries(&mut examples).await;
    calls(&mut examples).await;
    erasures(&mut examples).await;
    examples.finish(&Api::openapi());
}

async fn read(examples: &mut Examples, caller: &Harness<Env>, operation: &str, path: &str) {
    examples.response(operation, &caller.get(path).await);
}

async fn deliveries(examples: &mut Examples) {
    let h = harness().as_admin();
    let request = examples.request("operations-subscription-create");
    let made = h.post(SUBSCRIPTIONS, request).await;
    examples.response("operations-subscription-create", &made);
    read(examples, &h, "operations-subscription-list", SUBSCRIPTIONS).await;
    assert_eq!(h.deliver("operations-delivery-send", &event(1)).await, Some(true));
    let message = h.fakes.queue.take().remove(0).body;
    assert_eq!(h.deliver("operations-delivery-send", &message).await, Some(true));
    read(examples, &h, "operations-delivery-list", DELIVERIES).await;
    let id = h.get(DELIVERIES).await.json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let again = h.request(Method::POST, &format!("{DELIVERIES}/{id}/replay")).await;
    examples.response("operations-delivery-replay", &again);
}

async fn calls(examples: &mut Examples) {
    let h = harness().as_staff();
    LoggedCall::at("2026-01-05T10:00:00Z").write(&h).await;
    read(examples, &h, "operations-health", "/health").await;
    read(examples, &h, "operations-health-api", "/api/health").await;
    read(examples, &h, "operations-logs", "/api/integration/logs").await;
    read(examples, &h, "operations-metrics", "/api/integration/metrics").await;
}

async fn erasures(examples: &mut Examples) {
    let h = harness().as_admin();
    let made = h.post(ERASURES, examples.request("operations-erasure-create")).await;
    examples.response("operations-erasure-create", &made);
    let path = format!("{ERASURES}/{}", made.data()["id"].as_str().unwrap());
    read(examples, &h, "operations-erasure-get", &path).await;
}
