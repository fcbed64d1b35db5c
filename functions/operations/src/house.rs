//! Subscriptions and deliveries on stand-ins: what admins, the bus, the queue and the receivers would see. For tests.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use runtime::clock::Clock;
pub use runtime::testing::{Ask, Got};
use runtime::testing::{Play, World, auth_settings, within};
use runtime::{Domain, Input};
use serde_json::json;

use crate::{Env, delivery, subscription};

const QUEUE_EVENT: &str = include_str!("../../../events/operations-delivery-send.json");

pub struct House {
    pub world: World,
    pub env: Arc<Env>,
    pub clock: Clock,
}

/// The sample of a new subscription.
pub fn create() -> Ask {
    Ask::sample(include_str!("../../../events/operations-subscription-create.json"))
}

impl House {
    pub fn new() -> Self {
        Self::with("")
    }

    pub fn with(egress_allow: &str) -> Self {
        let world = World::default();
        let settings = [
            ("SUBSCRIPTIONS_TABLE", "subscriptions"),
            ("DELIVERIES_TABLE", "deliveries"),
            ("IDEMPOTENCY_TABLE", "keys"),
            ("DELIVERIES_QUEUE_URL", "queue"),
            ("DEAD_LETTER_QUEUE_URL", "dead"),
            ("EGRESS_ALLOW", egress_allow),
            ("REDACTION_KEY", "test"),
        ];
        let settings = settings.map(|(name, value)| (name, value.to_owned()));
        let config = settings.into_iter().chain(auth_settings()).collect();
        world.stage.script([], Play::answer(204, ""));
        Self {
            env: Arc::new(Env::load(config, world.ports())),
            clock: Clock::starting("2026-01-05T10:20:00Z".parse().unwrap()),
            world,
        }
    }

    async fn answer<H, I, F, A>(&self, function: runtime::gateway::Http<Env, H, I, F>, ask: Ask) -> Got
    where
        H: Fn(runtime::Cx<Env>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = model::Result<A>> + Send + 'static,
        A: runtime::Answer + 'static,
    {
        ask.of(function, &self.env, self.clock).await.unwrap()
    }

    pub async fn create(&self, ask: Ask) -> Got {
        self.answer(runtime::http(subscription::create::create).once(), ask)
            .await
    }

    pub async fn subscriptions(&self, ask: Ask) -> Got {
        self.answer(runtime::http(subscription::list::list), ask).await
    }

    pub async fn delete(&self, ask: Ask) -> Got {
        self.answer(runtime::http(subscription::delete::delete), ask).await
    }

    pub async fn deliveries(&self, ask: Ask) -> Got {
        self.answer(runtime::http(delivery::list::list), ask).await
    }

    pub async fn replay(&self, ask: Ask) -> Got {
        self.answer(runtime::http(delivery::replay::replay).once(), ask).await
    }

    /// A subscription to this endpoint; its id and secret.
    pub async fn subscribe(&self, url: &str, types: &[&str]) -> (String, String) {
        let got = self
            .create(create().body(&json!({"url": url, "eventTypes": types})))
            .await;
        assert_eq!(got.status, 201, "{}", got.text);
        (got.text("id"), got.text("secret"))
    }

    /// Delivers a message; true if it is done with.
    pub async fn deliver(&self, body: &str, deliveries: u32) -> bool {
        let mut event: SqsEvent = serde_json::from_str(QUEUE_EVENT).unwrap();
        event.records[0].body = Some(body.into());
        event.records[0]
            .attributes
            .insert("ApproximateReceiveCount".into(), deliveries.to_string());
        let worker = runtime::queue(delivery::send::send);
        let time = within(Duration::from_secs(29));
        let answer = worker.work(Arc::clone(&self.env), self.clock, time, event).await;
        answer.batch_item_failures.is_empty()
    }

    /// The sample event from the bus, with this number in its id.
    pub fn event(&self, number: u32) -> String {
        let event: SqsEvent = serde_json::from_str(QUEUE_EVENT).unwrap();
        let body = event.records[0].body.clone().unwrap();
        body.replace(
            "0190d5a0-0000-7000-8000-0000000000e1",
            &format!("0190d5a0-0000-7000-8000-{number:012}"),
        )
    }
}
