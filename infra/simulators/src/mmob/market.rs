//! The marketplace's own actions, which tests trigger.
//!
//! - `POST /_control/mmob/orders` with `{product, price, user?, input?, count?, rate?, url?, delay?, times?,
//!   duplicates?, tries?}` places `count` orders, `rate` a second, and answers 202 `{"orders": [id]}` at once. Neither
//!   product nor price need exist. With `url` each order is posted there `delay` milliseconds later, `times` times one
//!   after the other, and `duplicates` of every hundred orders once more. A webhook without a 2xx response is posted up
//!   to `tries` times, after 1, 2, 4 ... seconds.
//! - `POST /_control/mmob/orders/{id}/webhook` with `{url, times?, input?, change?, body?}` posts an order now and
//!   answers `{"deliveries": [{status, body} or {error}]}`. `input` replaces the order's input. `change` replaces
//!   members of the posted order only. `body` is posted in place of an order, as the test wrote it.
//! - `GET /_control/mmob/orders` answers `{"orders": [...]}`, and `GET /_control/mmob/orders/{id}` one of them. Each
//!   report (see [`super::report`]) has the statuses that the user saw while the screen polled, the time from the first
//!   webhook to the final status, the number of updates, the number of updates that would have replaced a final status,
//!   and the result of each webhook.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::order::Placement;
use super::report::Report;
use super::store::SharedStore;
use crate::delivery::{self, Delivery};
use crate::{answer, clock, script};

const MAX_ORDERS: u32 = 100_000;
const MAX_TIMES: u32 = 100;

pub fn routes(store: SharedStore) -> Router {
    Router::new()
        .route("/_control/mmob/orders", post(place).get(reports))
        .route("/_control/mmob/orders/{id}", get(report))
        .route("/_control/mmob/orders/{id}/webhook", post(post_now))
        .with_state(store)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PlaceOrders {
    product: String,
    price: String,
    #[serde(default = "default_user")]
    user: String,
    #[serde(default)]
    input: Map<String, Value>,
    #[serde(default = "one")]
    count: u32,
    #[serde(default = "default_rate")]
    rate: f64,
    url: Option<String>,
    #[serde(default)]
    delay: u64,
    #[serde(default = "one")]
    times: u32,
    #[serde(default)]
    duplicates: u32,
    #[serde(default = "one")]
    tries: u32,
}

fn default_user() -> String {
    "tus_simulated01".to_owned()
}

fn one() -> u32 {
    1
}

fn default_rate() -> f64 {
    1_000.0
}

impl PlaceOrders {
    fn check(&self) -> Result<(), &'static str> {
        if !(1..=MAX_ORDERS).contains(&self.count) {
            return Err("count must be between 1 and 100000");
        }
        if !(0.01..=1_000.0).contains(&self.rate) {
            return Err("rate must be between 0.01 and 1000 a second");
        }
        if !(1..=MAX_TIMES).contains(&self.times) || !(1..=10).contains(&self.tries) || self.duplicates > 100 {
            return Err("times must be up to 100, tries up to 10, duplicates a percentage");
        }
        Ok(())
    }
}

async fn place(State(store): State<SharedStore>, body: Bytes) -> Response {
    let request: PlaceOrders = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => return bad(error.to_string()),
    };
    if let Err(reason) = request.check() {
        return bad(reason);
    }
    let orders: Vec<String> = {
        let mut market = store.lock();
        (0..request.count).map(|_| market.issue("po")).collect()
    };
    let answer = answer::json(StatusCode::ACCEPTED, &json!({ "orders": orders }));
    // The first order exists before the response is sent.
    let existing = place_one(&store, &request, orders.first());
    tokio::spawn(place_orders(store.clone(), Arc::new(request), orders, existing));
    answer
}

fn place_one(store: &SharedStore, request: &PlaceOrders, id: Option<&String>) -> usize {
    let Some(id) = id else { return 0 };
    let placement = Placement {
        product: request.product.clone(),
        price: request.price.clone(),
        user: request.user.clone(),
        input: request.input.clone(),
    };
    store.lock().place(id, placement, clock::now());
    1
}

/// Places the orders at their rate and posts each. The first `existing` orders are in the store already.
async fn place_orders(store: SharedStore, request: Arc<PlaceOrders>, orders: Vec<String>, existing: usize) {
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / request.rate));
    for (number, id) in orders.into_iter().enumerate() {
        ticks.tick().await;
        if number >= existing {
            place_one(&store, &request, Some(&id));
        }
        if request.url.is_some() {
            tokio::spawn(post_order(store.clone(), Arc::clone(&request), number, id));
        }
    }
}

async fn post_order(store: SharedStore, request: Arc<PlaceOrders>, number: usize, id: String) {
    let Some(url) = &request.url else { return };
    tokio::time::sleep(Duration::from_millis(request.delay)).await;
    // Spreads the duplicates evenly over each hundred orders.
    let share = usize::try_from(request.duplicates).unwrap_or_default();
    let again = (number + 1) * share / 100 > number * share / 100;
    for _ in 0..request.times + u32::from(again) {
        for attempt in 1..=request.tries {
            let Some(order) = store.lock().document(&id) else {
                return;
            };
            if deliver(&store, &id, url, order.to_string()).await || attempt == request.tries {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
        }
    }
}

/// Posts a webhook and stores its result. Returns whether the receiver accepted it.
async fn deliver(store: &SharedStore, id: &str, url: &str, body: String) -> bool {
    let at = clock::now();
    if let Some(order) = store.lock().order(id) {
        order.history.posted.get_or_insert(at);
    }
    let url = url.to_owned();
    // On a blocking thread, because the client blocks.
    let posted = tokio::task::spawn_blocking(move || delivery::post(&url, &[], &body)).await;
    let delivery = posted.unwrap_or_else(|error| Delivery::Failed {
        error: error.to_string(),
    });
    let accepted = delivery.is_accepted();
    if let Some(order) = store.lock().order(id) {
        order.history.webhooks.push((at, delivery));
    }
    accepted
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostOrder {
    url: String,
    #[serde(default = "one")]
    times: u32,
    input: Option<Map<String, Value>>,
    change: Option<Map<String, Value>>,
    body: Option<Box<RawValue>>,
}

async fn post_now(State(store): State<SharedStore>, Path(id): Path<String>, body: Bytes) -> Response {
    let post: PostOrder = match serde_json::from_slice(&body) {
        Ok(post) => post,
        Err(error) => return bad(error.to_string()),
    };
    let body = match body_to_post(&store, &id, &post) {
        Ok(Some(body)) => body,
        Ok(None) => return absent(&id),
        Err(reason) => return bad(reason),
    };
    let first = store.lock().order(&id).map_or(0, |order| order.history.webhooks.len());
    for _ in 0..post.times.min(MAX_TIMES) {
        deliver(&store, &id, &post.url, body.clone()).await;
    }
    let mut market = store.lock();
    let webhooks = market.order(&id).map(|order| order.history.webhooks.iter().skip(first));
    let deliveries: Vec<&Delivery> = webhooks.into_iter().flatten().map(|(_, delivery)| delivery).collect();
    answer::json(StatusCode::OK, &json!({ "deliveries": deliveries }))
}

/// Returns the body to post. `None` if there is no such order.
fn body_to_post(store: &SharedStore, id: &str, post: &PostOrder) -> Result<Option<String>, String> {
    let mut market = store.lock();
    let Some(order) = market.order(id) else { return Ok(None) };
    if let Some(input) = &post.input {
        order.fill_in(input.clone());
    }
    if let Some(body) = &post.body {
        return script::text(body).map(Some);
    }
    let mut document = market.document(id);
    if let (Some(Value::Object(members)), Some(change)) = (&mut document, &post.change) {
        members.extend(change.clone());
    }
    Ok(document.map(|document| document.to_string()))
}

async fn reports(State(store): State<SharedStore>) -> Response {
    let market = store.lock();
    let orders: Vec<_> = market.orders().map(|(id, order)| Report::of(id, order)).collect();
    answer::json(StatusCode::OK, &json!({ "orders": orders }))
}

async fn report(State(store): State<SharedStore>, Path(id): Path<String>) -> Response {
    match store.lock().order(&id) {
        Some(order) => answer::json(StatusCode::OK, &Report::of(&id, order)),
        None => absent(&id),
    }
}

fn absent(id: &str) -> Response {
    answer::not_found(format!("mmob has no order {id}"))
}

fn bad(reason: impl Into<String>) -> Response {
    answer::error(StatusCode::BAD_REQUEST, "BAD_ORDER", reason)
}
