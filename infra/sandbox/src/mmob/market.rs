//! What the marketplace does of itself, on demand.
//!
//! - `POST /_control/mmob/orders` with `{product, price, user?, input?, count?, rate?, url?, delay?, times?, duplicates?,
//!   tries?}` places `count` orders, `rate` a second, and answers 202 `{"orders": [id]}` at once. With `url` each is posted
//!   there, `delay` milliseconds later, `times` times one after the other, and of `duplicates` in a hundred once more. A
//!   webhook that is not answered with 2xx is posted up to `tries` times, after 1, 2, 4 ... seconds. Neither product nor
//!   price need exist.
//! - `POST /_control/mmob/orders/{id}/webhook` with `{url, times?, input?, change?, body?}` posts an order now and answers
//!   `{"deliveries": [{status, body} or {error}]}`. `input` is what the user has filled in by now, `change` stands in
//!   the posted order only, `body` is posted in place of an order, as it is written.
//! - `GET /_control/mmob/orders` answers `{"orders": [...]}`, and `GET /_control/mmob/orders/{id}` one of them: what the
//!   user saw in the minute that the screen is renewed, how long the final state took from the first webhook, how often
//!   the order was updated, to how many other final states it should have been taken, and how each webhook ended. See
//!   [`super::report`].

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

use super::Market;
use super::book::Placing;
use super::report::Report;
use crate::webhook::{self, Delivery};
use crate::{answer, script, server};

const MOST_ORDERS: u32 = 100_000;
const MOST_TIMES: u32 = 100;

pub fn doors(market: Arc<Market>) -> Router {
    Router::new()
        .route("/_control/mmob/orders", post(place).get(reports))
        .route("/_control/mmob/orders/{id}", get(report))
        .route("/_control/mmob/orders/{id}/webhook", post(post_now))
        .with_state(market)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Demand {
    product: String,
    price: String,
    #[serde(default = "somebody")]
    user: String,
    #[serde(default)]
    input: Map<String, Value>,
    #[serde(default = "one")]
    count: u32,
    #[serde(default = "fast")]
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

fn somebody() -> String {
    "tus_simulated01".to_owned()
}

fn one() -> u32 {
    1
}

fn fast() -> f64 {
    1_000.0
}

impl Demand {
    fn check(&self) -> Result<(), &'static str> {
        if !(1..=MOST_ORDERS).contains(&self.count) {
            return Err("count must be between 1 and 100000");
        }
        if !(0.01..=1_000.0).contains(&self.rate) {
            return Err("rate must be between 0.01 and 1000 a second");
        }
        if !(1..=MOST_TIMES).contains(&self.times) || !(1..=10).contains(&self.tries) || self.duplicates > 100 {
            return Err("times must be up to 100, tries up to 10, duplicates a percentage");
        }
        Ok(())
    }
}

async fn place(State(market): State<Arc<Market>>, body: Bytes) -> Response {
    let demand: Demand = match serde_json::from_slice(&body) {
        Ok(demand) => demand,
        Err(error) => return bad(error.to_string()),
    };
    if let Err(reason) = demand.check() {
        return bad(reason);
    }
    let orders: Vec<String> = {
        let mut book = market.book();
        (0..demand.count).map(|_| book.issue("po")).collect()
    };
    let answer = answer::json(StatusCode::ACCEPTED, &json!({ "orders": orders }));
    // One order is there when its answer is.
    let placed = place_one(&market, &demand, orders.first());
    tokio::spawn(trade(market, Arc::new(demand), orders, placed));
    answer
}

fn place_one(market: &Market, demand: &Demand, id: Option<&String>) -> usize {
    let Some(id) = id else { return 0 };
    let placing = Placing {
        product: demand.product.clone(),
        price: demand.price.clone(),
        user: demand.user.clone(),
        input: demand.input.clone(),
    };
    market.book().place(id, placing, server::now());
    1
}

/// Places the orders in their time, and tells of each. The first `placed` are there already.
async fn trade(market: Arc<Market>, demand: Arc<Demand>, orders: Vec<String>, placed: usize) {
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / demand.rate));
    for (number, id) in orders.into_iter().enumerate() {
        ticks.tick().await;
        if number >= placed {
            place_one(&market, &demand, Some(&id));
        }
        if demand.url.is_some() {
            tokio::spawn(tell(Arc::clone(&market), Arc::clone(&demand), number, id));
        }
    }
}

async fn tell(market: Arc<Market>, demand: Arc<Demand>, number: usize, id: String) {
    let Some(url) = &demand.url else { return };
    tokio::time::sleep(Duration::from_millis(demand.delay)).await;
    // Every hundred orders have as many duplicates, spread evenly.
    let share = usize::try_from(demand.duplicates).unwrap_or_default();
    let again = (number + 1) * share / 100 > number * share / 100;
    for _ in 0..demand.times + u32::from(again) {
        for attempt in 1..=demand.tries {
            let Some(order) = market.book().document(&id) else {
                return;
            };
            if is_taken(deliver(&market, &id, url, order.to_string()).await) || attempt == demand.tries {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1 << (attempt - 1))).await;
        }
    }
}

/// Posts a webhook, and notes how it ended; answers its status.
async fn deliver(market: &Market, id: &str, url: &str, body: String) -> Option<u16> {
    let at = server::now();
    if let Some(order) = market.book().order(id) {
        order.told.posted.get_or_insert(at);
    }
    let url = url.to_owned();
    // The client blocks.
    let ended = tokio::task::spawn_blocking(move || webhook::post(&url, &[], &body)).await;
    let delivery = ended.unwrap_or_else(|error| Delivery::Failed {
        error: error.to_string(),
    });
    let status = match &delivery {
        Delivery::Answered { status, .. } => Some(*status),
        Delivery::Failed { .. } => None,
    };
    if let Some(order) = market.book().order(id) {
        order.told.webhooks.push((at, delivery));
    }
    status
}

fn is_taken(status: Option<u16>) -> bool {
    status.is_some_and(|status| (200..300).contains(&status))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Post {
    url: String,
    #[serde(default = "one")]
    times: u32,
    input: Option<Map<String, Value>>,
    change: Option<Map<String, Value>>,
    body: Option<Box<RawValue>>,
}

async fn post_now(State(market): State<Arc<Market>>, Path(id): Path<String>, body: Bytes) -> Response {
    let post: Post = match serde_json::from_slice(&body) {
        Ok(post) => post,
        Err(error) => return bad(error.to_string()),
    };
    let body = match written(&market, &id, &post) {
        Ok(Some(body)) => body,
        Ok(None) => return absent(&id),
        Err(reason) => return bad(reason),
    };
    let first = market.book().order(&id).map_or(0, |order| order.told.webhooks.len());
    for _ in 0..post.times.min(MOST_TIMES) {
        deliver(&market, &id, &post.url, body.clone()).await;
    }
    let mut book = market.book();
    let webhooks = book.order(&id).map(|order| order.told.webhooks.iter().skip(first));
    let deliveries: Vec<&Delivery> = webhooks.into_iter().flatten().map(|(_, delivery)| delivery).collect();
    answer::json(StatusCode::OK, &json!({ "deliveries": deliveries }))
}

/// What is posted. None where there is no such order.
fn written(market: &Market, id: &str, post: &Post) -> Result<Option<String>, String> {
    let mut book = market.book();
    let Some(order) = book.order(id) else { return Ok(None) };
    if let Some(input) = &post.input {
        order.fill_in(input.clone());
    }
    if let Some(body) = &post.body {
        return script::text(body).map(Some);
    }
    let mut document = book.document(id);
    if let (Some(Value::Object(members)), Some(change)) = (&mut document, &post.change) {
        members.extend(change.clone());
    }
    Ok(document.map(|document| document.to_string()))
}

async fn reports(State(market): State<Arc<Market>>) -> Response {
    let book = market.book();
    let orders: Vec<_> = book.orders().map(|(id, order)| Report::of(id, order)).collect();
    answer::json(StatusCode::OK, &json!({ "orders": orders }))
}

async fn report(State(market): State<Arc<Market>>, Path(id): Path<String>) -> Response {
    match market.book().order(&id) {
        Some(order) => answer::json(StatusCode::OK, &Report::of(&id, order)),
        None => absent(&id),
    }
}

fn absent(id: &str) -> Response {
    answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", format!("mmob has no order {id}"))
}

fn bad(reason: impl Into<String>) -> Response {
    answer::error(StatusCode::BAD_REQUEST, "BAD_ORDER", reason)
}
