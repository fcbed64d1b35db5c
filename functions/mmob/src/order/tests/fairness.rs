//! Twelve products, ten workers and one queue: a slow provider of ten of them must not starve the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{HeaderMap, Method, Request, StatusCode};
use model::Result;
use runtime::port::Ports;
use runtime::port::store::{Store, Written};
use runtime::port::transport::Transport;
use runtime::testing::{Fault, Harness};
use runtime::work::row::Row;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::fake_sqs::{FakeSqs, Message};
use super::testing::{SWEEP, WORKER, sealed};
use crate::Env;
use crate::product::{Fulfilment, ProductRow};
use crate::testing::{WEBHOOK, harness};

const WORKERS: usize = 10;
const SLOW_PRODUCTS: usize = 10;
/// Less than the worker's timeout for a provider.
const SLOW: Duration = Duration::from_millis(3900);
const QUICK: Duration = Duration::from_millis(50);

/// MMOB with the providers of the products `slow0` to `slow9`, and of `fast`. The input of its orders decides those of `auto`. An
/// order's id is its product and a number.
#[derive(Default)]
struct FakeMarket {
    /// When MMOB got the result of each order.
    reported: Mutex<BTreeMap<String, Instant>>,
    /// How often a provider got each order.
    calls: Mutex<BTreeMap<String, u32>>,
}

impl FakeMarket {
    fn answer_hub(&self, request: &Request<Bytes>) -> Value {
        let path = request.uri().path();
        let id = path.rsplit('/').next().unwrap().to_owned();
        let query = request.uri().query().unwrap_or_default();
        if path.starts_with("/orders/") {
            let mut reported = self.reported.lock().unwrap();
            if request.method() == Method::POST {
                assert!(
                    reported.insert(id.clone(), Instant::now()).is_none(),
                    "{id} is reported twice"
                );
            }
            let status = if reported.contains_key(&id) {
                "Succesful"
            } else {
                "Pending"
            };
            let mut order = order(&id);
            order["status"] = status.into();
            return order;
        }
        match path {
            "/users" => {
                let user = json!({"id": query.rsplit('=').next(), "first_name": "Lisa", "surname": "Nichols",
                    "dob": "1980-01-01", "postcode": "N1 1AA"});
                json!({"items": [user], "total": 1, "page": 0, "size": 50})
            }
            path if path.contains("/pricing/") => {
                json!({"id": id, "name": "Monthly", "currency": "GBP", "amount": 3999})
            }
            _ => json!({"id": id, "name": "Broadband", "enabled": 1, "meta": {},
                "product_type": "utilities_broadband"}),
        }
    }

    fn finished(&self, product: &str) -> usize {
        let reported = self.reported.lock().unwrap();
        reported.keys().filter(|id| id.starts_with(product)).count()
    }
}

fn order(id: &str) -> Value {
    let product = id.split('_').next();
    json!({"id": id, "status": "Pending", "prod_id": product, "pricing_id": "price_1", "tpp_user_id": "tus_1",
        "input": {"last_name": "Nichols"}})
}

impl Transport for FakeMarket {
    fn send(&self, request: Request<Bytes>, _: usize) -> BoxFuture<'_, Result<(StatusCode, HeaderMap, Bytes)>> {
        Box::pin(async move {
            let time = match request.uri().host() {
                Some("slow.example.com") => SLOW,
                _ => QUICK,
            };
            let answer = match request.uri().host() {
                Some("mmob.test") => self.answer_hub(&request),
                _ => {
                    let event: Value = serde_json::from_slice(request.body()).unwrap();
                    let id = event["data"]["order"]["id"].as_str().unwrap().to_owned();
                    *self.calls.lock().unwrap().entry(id).or_default() += 1;
                    json!({"status": "Successful", "output": {"reference": "R1"}})
                }
            };
            tokio::time::sleep(time).await;
            Ok((StatusCode::OK, HeaderMap::new(), answer.to_string().into()))
        })
    }

    fn warm<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }
}

/// Each operation of AWS takes its time, so that an order that only looks for a place occupies its worker too.
struct Latency;

impl Fault for Latency {
    fn step(&self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(3)))
    }
}

struct Hub {
    harness: Harness<Env>,
    market: Arc<FakeMarket>,
    sqs: Arc<FakeSqs>,
    started: Instant,
    running: FuturesUnordered<BoxFuture<'static, (Message, Option<bool>)>>,
}

impl Hub {
    async fn new(share: &str) -> Self {
        let (market, sqs): (Arc<FakeMarket>, Arc<FakeSqs>) = Default::default();
        let (transport, sender) = (Arc::clone(&market), Arc::clone(&sqs));
        let harness = harness()
            .with(&[("MMOB_PROVIDER_SHARE", share)])
            .ports(move |ports| Ports {
                transport: transport.clone(),
                sender: sender.clone(),
                ..ports
            });
        let slow = (0..SLOW_PRODUCTS).map(|number| format!("slow{number}"));
        for product in slow.chain(["fast".into(), "auto".into()]) {
            let fulfilment = match product.as_str() {
                "auto" => Fulfilment::Auto {
                    required_inputs: Vec::new(),
                },
                name => Fulfilment::Callback {
                    url: format!("https://{}.example.com/{name}", &name[..4]),
                    secret: sealed(name),
                },
            };
            let row = ProductRow::new(product, fulfilment, harness.now());
            let write = row.create(harness.env().table().unwrap()).unwrap();
            assert_eq!(harness.fakes.store.write(vec![write]).await.unwrap(), Written::Done);
        }
        Self {
            harness,
            market,
            sqs,
            started: Instant::now(),
            running: FuturesUnordered::new(),
        }
    }

    async fn place(&self, product: &str, orders: usize) {
        for number in 0..orders {
            let id = match product {
                "slow" => format!("slow{}_{number}", number % SLOW_PRODUCTS),
                other => format!("{other}_{number}"),
            };
            let response = self.harness.post(WEBHOOK, order(&id)).await;
            assert_eq!(response.status, 200, "{}", response.text);
        }
    }

    /// Lets ten workers and the sweep run until this many orders of a product are finished. How long that took.
    async fn run_until(&mut self, product: &str, orders: usize) -> Duration {
        let mut sweep = self.started + Duration::from_secs(60);
        while self.market.finished(product) < orders {
            assert!(self.started.elapsed() < Duration::from_secs(15 * 60), "it never ends");
            while self.running.len() < WORKERS
                && let Some(message) = self.sqs.receive()
            {
                let worker = self.harness.faulty(Arc::new(Latency));
                self.running.push(Box::pin(async move {
                    let done = worker.deliver(WORKER, &message.body).await;
                    (message, done)
                }));
            }
            if sweep <= Instant::now() {
                sweep += Duration::from_secs(60);
                assert_eq!(self.harness.instance().tick(SWEEP).await, Some(true));
            }
            let next = self.sqs.next().filter(|_| self.running.len() < WORKERS);
            let next = next.map_or(sweep, |next| next.min(sweep));
            tokio::select! {
                biased;
                Some((message, done)) = self.running.next(), if !self.running.is_empty() => {
                    if done == Some(true) {
                        self.sqs.delete(&message);
                    }
                }
                () = self.sqs.arrived.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
        self.started.elapsed()
    }
}

/// The time in which 20 orders of each other product finish behind 200 of the slow provider.
async fn others_behind_slow(share: &str) -> (Hub, Duration) {
    let mut hub = Hub::new(share).await;
    hub.place("slow", 200).await;
    hub.place("fast", 20).await;
    hub.place("auto", 20).await;
    hub.run_until("fast", 20).await;
    let took = hub.run_until("auto", 20).await;
    (hub, took)
}

#[tokio::test(start_paused = true)]
async fn a_slow_provider_of_many_products_does_not_starve_the_others() {
    let (mut hub, took) = others_behind_slow("5").await;
    assert!(took < Duration::from_secs(8), "{took:?}");
    assert!(
        hub.market.finished("slow") < 20,
        "the slow provider's orders are still running"
    );

    let took = hub.run_until("slow", 200).await;
    assert!(took > SLOW * 200 / 5, "never more than five at once: {took:?}");
    let calls = hub.market.calls.lock().unwrap().clone();
    assert_eq!(
        (calls.len(), calls.values().max()),
        (220, Some(&1)),
        "each order is done once"
    );
    assert!(hub.sqs.dead().is_empty(), "an order that only waits is no dead letter");
}

/// The bound above holds because of the share.
#[tokio::test(start_paused = true)]
async fn without_a_share_a_slow_provider_occupies_every_worker() {
    let (_, took) = others_behind_slow("20").await;
    assert!(took > Duration::from_secs(60), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_crashes_frees_its_place() {
    let mut hub = Hub::new("1").await;
    hub.place("slow", 2).await;
    let first = hub.sqs.receive().unwrap();
    let crashing = hub.harness.instance().kill_after(Duration::from_secs(1));
    assert_eq!(crashing.deliver(WORKER, &first.body).await, None);
    let took = hub.run_until("slow", 2).await;
    assert!(took < Duration::from_secs(30), "{took:?}");
    let calls = hub.market.calls.lock().unwrap().clone();
    assert_eq!(
        calls.into_values().collect::<Vec<_>>(),
        [2, 1],
        "only the crash repeats a call"
    );
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_reported_without_a_place() {
    let hub = Hub::new("1").await;
    hub.place("slow", 2).await;
    let crashing = hub.harness.instance().kill_after(Duration::from_secs(1));
    let first = hub.sqs.receive().unwrap();
    assert_eq!(
        crashing.deliver(WORKER, &first.body).await,
        None,
        "it holds the only place"
    );
    let second = hub.sqs.receive().unwrap();
    assert_eq!(
        hub.harness.instance().deliver(WORKER, &second.body).await,
        Some(true),
        "it waits"
    );
    hub.sqs.delete(&second);
    let staff = hub.harness.as_staff();
    let decided = staff
        .post(
            "/api/mmob/orders/slow1_1",
            r#"{"status": "Failed", "error": "by hand"}"#,
        )
        .await;
    assert_eq!(decided.status, 200, "{}", decided.text);
    let next = hub.sqs.receive().unwrap();
    assert_eq!(next.body, second.body);
    assert_eq!(hub.harness.instance().deliver(WORKER, &next.body).await, Some(true));
    assert_eq!(hub.market.finished("slow"), 1);
}
