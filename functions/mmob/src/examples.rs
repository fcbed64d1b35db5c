//! The examples of the API document: every request is sent, and every response compared.

use bytes::Bytes;
use http::{Method, Request};
use runtime::testing::{Examples, Harness, Script};
use utoipa::OpenApi;

use crate::order::tests::placed;
use crate::testing::{WEBHOOK, harness};
use crate::{Api, Env};

const PRODUCT: &str = include_str!("../../../shared/partners/marketplace/fixtures/mmob/product.answer.json");
const PRICE: &str = include_str!("../../../shared/partners/marketplace/fixtures/mmob/price.answer.json");
const PLACED: &str = include_str!("../examples/mmob-order-webhook.request.json");
const USER: &str = r#"{"items": [{"id": "tus_Mn12Op34Qr5", "title": "Ms", "first_name": "Lisa", "surname": "Nichols",
    "building_number": "1", "address_1": "Example Street", "town_city": "London", "postcode": "N1 1AA"}]}"#;
const ORDER: &str = "/api/mmob/orders/po_Ab12Cd34Ef5";
const PRODUCTS: &str = "/api/mmob/products";

#[tokio::test(start_paused = true)]
async fn every_operation_has_its_examples() {
    let mut examples = Examples::of(env!("CARGO_MANIFEST_DIR"));
    products(&mut examples).await;
    orders(&mut examples).await;
    let (event, decision) = placed().await;
    examples.compare("order.placed.event.json".to_owned(), &event);
    examples.compare("order.placed.200.json".to_owned(), &decision);
    examples.finish(&Api::openapi());
}

/// MMOB with a product and a price.
fn mmob(request: &Request<Bytes>) -> Script {
    match (request.method(), request.uri().path()) {
        (&Method::POST, "/products") => Script::answer(200, PRODUCT),
        (&Method::POST, path) if path.ends_with("/pricing") => Script::answer(200, PRICE),
        _ => Script::answer(500, ""),
    }
}

/// MMOB with the order, its product and its user.
fn placed_order(request: &Request<Bytes>) -> Script {
    match request.uri().path() {
        "/users" => Script::answer(200, USER),
        path if path.starts_with("/orders/") => Script::answer(200, PLACED),
        _ => Script::answer(200, PRODUCT),
    }
}

fn hub() -> Harness<Env> {
    let hub = harness();
    hub.fakes.transport.script([], Script::By(mmob));
    hub
}

async fn products(examples: &mut Examples) {
    let admin = hub().as_admin();
    let product = admin.post(PRODUCTS, examples.request("mmob-product-create")).await;
    examples.response("mmob-product-create", &product);
    let path = format!("{PRODUCTS}/prod_EfeUDJnTVdDigaqQ9rMaC/pricing");
    let price = admin.post(&path, examples.request("mmob-price-create")).await;
    examples.response("mmob-price-create", &price);
    examples.response("mmob-product-list", &admin.get(PRODUCTS).await);
}

async fn orders(examples: &mut Examples) {
    let hub = hub();
    let posted = hub
        .anonymous()
        .post(WEBHOOK, examples.request("mmob-order-webhook"))
        .await;
    examples.response("mmob-order-webhook", &posted);
    // The worker lists the order, and MMOB fails after that.
    let message = hub.fakes.queue.take().remove(0).body;
    hub.deliver("mmob-order-process", &message).await;
    let staff = hub.as_staff();
    examples.response("mmob-order-list", &staff.get("/api/mmob/orders").await);
    hub.fakes.transport.script([], Script::By(placed_order));
    examples.response("mmob-order-get", &staff.get(ORDER).await);
    let decided = staff.post(ORDER, examples.request("mmob-order-resolve")).await;
    examples.response("mmob-order-resolve", &decided);
}
