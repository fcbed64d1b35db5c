//! From the bus to the receiver: which requests are sent, when, and what is recorded of them.

mod attempts;
mod fairness;
mod staff;

use http::Method;
use runtime::http::signature;
use runtime::port::store::typed;
use runtime::testing::{Harness, TestRequest, TestResponse};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::row::{DeliveryRow, DeliveryStatus};
use crate::Env;
use crate::testing::{event, harness, subscribe, subscription};

const URL: &str = "https://hooks.example.com/in";
const WORKER: &str = "operations-delivery-send";

/// Delivers a message for the first time. Whether it is done.
async fn deliver(h: &Harness<Env>, message: &str) -> bool {
    h.deliver(WORKER, message).await.unwrap()
}

/// Delivers a message that was delivered before and came back.
async fn redeliver(h: &Harness<Env>, message: &str) -> bool {
    h.redeliver(WORKER, message, 2).await.unwrap()
}

async fn list(h: &Harness<Env>, query: &str) -> TestResponse {
    let path = format!("/api/integration/deliveries?{query}");
    h.as_staff().get(&path).await
}

/// Asks for a replay. `h` has the caller's credentials.
fn replay<'a>(h: &'a Harness<Env>, id: &str) -> TestRequest<'a> {
    h.request(Method::POST, &format!("/api/integration/deliveries/{id}/replay"))
}

async fn unsubscribe(h: &Harness<Env>, id: &str) {
    assert_eq!(h.as_admin().delete(&subscription(id)).await.status, 204);
}

fn delivery_rows(h: &Harness<Env>) -> Vec<DeliveryRow> {
    let rows = h.fakes.store.table("deliveries").into_iter();
    rows.filter(|row| row["pk"].as_s().unwrap().starts_with("DAY#"))
        .map(|row| typed(row).unwrap())
        .collect()
}

/// The only delivery, as staff see it.
fn delivery(h: &Harness<Env>) -> Value {
    let rows = delivery_rows(h);
    assert_eq!(rows.len(), 1);
    serde_json::to_value(rows[0].view()).unwrap()
}

fn delivery_id(h: &Harness<Env>) -> String {
    delivery(h)["id"].as_str().unwrap().to_owned()
}

/// The recorded attempts: number, status code, error.
fn attempts(h: &Harness<Env>) -> Vec<(String, Option<String>, Option<String>)> {
    let rows = h.fakes.store.table("deliveries").into_iter();
    rows.filter(|row| row["pk"].as_s().unwrap().starts_with("DELIVERY#"))
        .map(|row| {
            let number = |name: &str| row.get(name).map(|value| value.as_n().unwrap().clone());
            let error = row.get("error").map(|value| value.as_s().unwrap().clone());
            (number("attempt").unwrap(), number("statusCode"), error)
        })
        .collect()
}

/// One subscription and one event of its type. Returns the subscription's id and secret, and the delivery's first message.
async fn begin(h: &Harness<Env>) -> (String, String, String) {
    let (id, secret) = subscribe(h, URL, &["quote.generated"]).await;
    assert!(deliver(h, &event(1)).await);
    let message = h.fakes.queue.take().remove(0);
    assert_eq!((message.url.as_str(), message.delay.as_secs()), ("queue", 0));
    (id, secret, message.body)
}

/// Delivers the message and every later one when it is due. Returns the seconds at which the receiver was called.
async fn run(h: &Harness<Env>, mut message: String) -> Vec<u64> {
    let began = Instant::now();
    let before = h.fakes.transport.seen().len();
    loop {
        assert!(deliver(h, &message).await, "{message}");
        let Some(next) = h.fakes.queue.take().pop() else {
            break;
        };
        assert!(next.delay.as_secs() <= 900, "SQS holds no message longer");
        assert_ne!(next.delay.as_secs(), 0, "no message goes in circles");
        tokio::time::advance(next.delay).await;
        message = next.body;
    }
    let seen = h.fakes.transport.seen().into_iter().skip(before);
    seen.map(|(at, _)| at.duration_since(began).as_secs()).collect()
}
