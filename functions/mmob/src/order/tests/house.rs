//! The domain on stand-ins: what MMOB posts, what the queue delivers, and what the schedule starts.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::encodings::Body;
use aws_lambda_events::sqs::SqsEvent;
use futures_util::FutureExt;
use http::header;
use runtime::Domain;
use runtime::clock::Clock;
use runtime::config::Config;
use runtime::ports::Ports;
use runtime::store::{Outcome, Store, Write};
use runtime::testing::{Fate, KEY, World, auth_settings, claims, fated, within};
use serde_json::{Map, Value, json};

use super::bugs::{Bug, bugged};
use super::queue::Sqs;
use super::web::{PROVIDER, SECRET, Web};
use super::witness::Witness;
use crate::Env;
use crate::entry::ORDER_LIMIT;
use crate::order::{OrderRow, process, resolve, sweep, webhook};
use crate::product::{Fulfilment, ProductRow};

pub const TOKEN: &str = "test-mmob-webhook-token";
const START: &str = "2026-01-05T10:20:00Z";
const SETTINGS: [(&str, &str); 9] = [
    ("MMOB_TABLE", "mmob"),
    ("INTEGRATION_LOG_TABLE", "log"),
    ("IDEMPOTENCY_TABLE", "keys"),
    ("MMOB_ORDERS_QUEUE_URL", "orders"),
    ("DEAD_LETTER_QUEUE_URL", "dead"),
    ("MMOB_URL", "http://mmob.test"),
    ("MMOB_SECRET", "mmob"),
    ("REDACTION_KEY", "test"),
    ("STAGE", "test"),
];

static POST: LazyLock<ApiGatewayV2httpRequest> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../../events/mmob-order-webhook.json")).unwrap());
static DECISION: LazyLock<ApiGatewayV2httpRequest> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../../events/mmob-order-resolve.json")).unwrap());
/// Signing takes longer than a whole life, and every house has the same clock.
static STAFF: LazyLock<String> = LazyLock::new(|| {
    let claims = claims("staff", "staff@example.com", &["staff"], START.parse().unwrap());
    format!(
        "Bearer {}",
        KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), &claims).unwrap()
    )
});
static MESSAGE: LazyLock<SqsEvent> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../../events/mmob-order-process.json")).unwrap());

pub struct House {
    pub world: World,
    pub web: Arc<Web>,
    pub sqs: Arc<Sqs>,
    pub witness: Arc<Witness>,
    pub clock: Clock,
    config: Config,
    bug: Option<Bug>,
    /// To look at rows with.
    own: Arc<Env>,
}

impl House {
    /// With a product that is fulfilled so.
    pub fn new(fulfilment: Option<Fulfilment>) -> Self {
        Self::with(fulfilment, 0, None, &[])
    }

    pub fn with(fulfilment: Option<Fulfilment>, seed: u64, bug: Option<Bug>, more: &[(&str, &str)]) -> Self {
        let (world, clock) = (World::default(), Clock::starting(START.parse().unwrap()));
        let secret = format!(r#"{{"MMOB_API_KEY":"test-mmob-key","MMOB_WEBHOOK_TOKEN":"{TOKEN}"}}"#);
        world.safe.secrets.lock().unwrap().insert("mmob".into(), secret);
        let keys = auth_settings();
        let keys = keys.iter().map(|(name, value)| (*name, value.as_str()));
        let config: Config = SETTINGS.iter().chain(more).copied().chain(keys).collect();
        let house = Self {
            own: Arc::new(Env::load(config.clone(), world.ports())),
            web: Arc::new(Web::new(clock, seed)),
            sqs: Arc::default(),
            witness: Arc::new(Witness::new(Arc::clone(&world.store))),
            world,
            clock,
            config,
            bug,
        };
        if let Some(fulfilment) = fulfilment {
            let product = ProductRow::new("prod_1", fulfilment, clock.now());
            house.write(product.create(&house.own).unwrap());
        }
        house
    }

    pub fn callback() -> Option<Fulfilment> {
        Some(Fulfilment::Callback {
            url: PROVIDER.into(),
            secret: SECRET.into(),
        })
    }

    pub fn auto(required: &[&str]) -> Option<Fulfilment> {
        Some(Fulfilment::Auto {
            required_inputs: required.iter().map(|name| (*name).to_owned()).collect(),
        })
    }

    /// What a new sandbox has, to which at each step something may happen.
    pub fn env(&self, fate: Option<Arc<dyn Fate>>) -> Arc<Env> {
        let ports = Ports {
            store: self.witness.clone(),
            sender: self.sqs.clone(),
            transport: self.web.clone(),
            ..self.world.ports()
        };
        let ports = match self.bug {
            Some(bug) => bugged(ports, bug),
            None => ports,
        };
        let ports = match fate {
            Some(fate) => fated(ports, fate),
            None => ports,
        };
        Arc::new(Env::load(self.config.clone(), ports))
    }

    pub fn write(&self, write: Write) {
        let written = self.world.store.write(vec![write]).now_or_never().unwrap().unwrap();
        assert_eq!(written, Outcome::Done);
    }

    pub async fn post(&self, env: Arc<Env>, token: &str, body: &str) -> (i64, Value) {
        let mut event = POST.clone();
        event.path_parameters.insert("token".into(), token.into());
        event.body = Some(body.into());
        self.request(env, event).await
    }

    pub async fn request(&self, env: Arc<Env>, event: ApiGatewayV2httpRequest) -> (i64, Value) {
        let function = runtime::webhook("/webhooks/mmob/{token}", webhook::webhook).limit(ORDER_LIMIT);
        let time = within(Duration::from_millis(2500));
        let response = function.answer(env, self.clock, time, event).await;
        let Some(Body::Text(text)) = response.body else {
            panic!("no text")
        };
        (response.status_code, serde_json::from_str(&text).unwrap())
    }

    pub fn event() -> ApiGatewayV2httpRequest {
        POST.clone()
    }

    /// An operator decides that it has failed.
    pub async fn resolve(&self, env: Arc<Env>) -> i64 {
        let mut event = DECISION.clone();
        event.path_parameters.insert("orderId".into(), "po_1".into());
        event.body = Some(r#"{"status":"Failed","error":"by hand"}"#.into());
        event.headers.insert(header::AUTHORIZATION, STAFF.parse().unwrap());
        let function = runtime::http(resolve::resolve).once();
        let time = within(Duration::from_millis(29_500));
        function.answer(env, self.clock, time, event).await.status_code
    }

    /// Posts what MMOB has, as MMOB does.
    pub async fn place(&self) -> i64 {
        let order = Value::Object(self.web.books().order.clone());
        self.post(self.env(None), TOKEN, &order.to_string()).await.0
    }

    /// Posts MMOB's order after a change.
    pub async fn place_changed(&self, change: impl FnOnce(&mut Map<String, Value>)) -> i64 {
        let mut order = self.web.books().order.clone();
        change(&mut order);
        self.post(self.env(None), TOKEN, &Value::Object(order).to_string())
            .await
            .0
    }

    /// Whether the message is done with.
    pub async fn deliver(&self, env: Arc<Env>, body: &str) -> bool {
        let mut event = MESSAGE.clone();
        event.records[0].body = Some(body.into());
        let time = within(Duration::from_millis(7500));
        let worker = runtime::queue(process::process);
        let answer = worker.work(env, self.clock, time, event).await;
        answer.batch_item_failures.is_empty()
    }

    pub async fn sweep(&self, env: Arc<Env>) -> bool {
        let function = runtime::schedule(sweep::sweep);
        function
            .start(env, self.clock, within(Duration::from_millis(29_500)))
            .await
    }

    /// Delivers what is due now, once each. Whether all of it is done with.
    pub async fn work(&self) -> bool {
        let mut done = true;
        while let Some(message) = self.sqs.receive() {
            if self.deliver(self.env(None), &message.body).await {
                self.sqs.delete(&message);
            } else {
                done = false;
            }
        }
        done
    }

    /// One with an order that has been looked at once, and whether that is done with.
    pub async fn worked(fulfilment: Option<Fulfilment>, prepare: impl FnOnce(&Self)) -> (Self, bool) {
        let house = Self::new(fulfilment);
        prepare(&house);
        assert_eq!(house.place().await, 200);
        let done = house.work().await;
        (house, done)
    }

    /// Lets the queue do its work for a minute.
    pub async fn minute(&self) {
        for _ in 0..60 {
            self.pass(1).await;
            self.work().await;
        }
    }

    /// Every update that MMOB took.
    pub fn told(&self) -> Vec<(String, Value)> {
        self.web.books().told.clone()
    }

    pub async fn pass(&self, seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    pub fn find(&self) -> Option<OrderRow> {
        OrderRow::load(&self.own, "po_1").now_or_never().unwrap().unwrap()
    }

    pub fn row(&self) -> OrderRow {
        self.find().unwrap()
    }

    /// Writes the row as whoever changes it does.
    pub fn change(&self, change: impl FnOnce(&mut OrderRow)) {
        let mut row = self.row();
        change(&mut row);
        self.write(row.replace(&self.own, self.clock.now()).unwrap());
    }

    /// How many rows there are in a table.
    pub fn count(&self, table: &str) -> usize {
        self.world.store.table(table).len()
    }

    pub fn is_unchanged_by_strangers(&self) -> bool {
        self.find().is_none() && self.sqs.messages().is_empty() && self.web.books().asked.is_empty()
    }
}
