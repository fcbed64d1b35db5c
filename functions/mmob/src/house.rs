//! What people see of orders and products, on stand-ins. For tests.

use std::sync::Arc;

use runtime::clock::Clock;
pub use runtime::testing::{Ask, Got};
use runtime::testing::{Play, World, auth_settings};
use runtime::{Domain, Input};
use serde_json::json;

use crate::{Env, order, product};

pub const TOKEN: &str = "test-mmob-webhook-token";
pub const ORDER: &str = "po_Ab12Cd34Ef5";

pub struct House {
    pub world: World,
    pub env: Arc<Env>,
    pub clock: Clock,
}

impl House {
    pub fn new() -> Self {
        let world = World::default();
        let settings = [
            ("MMOB_TABLE", "orders"),
            ("IDEMPOTENCY_TABLE", "keys"),
            ("INTEGRATION_LOG_TABLE", "log"),
            ("MMOB_ORDERS_QUEUE_URL", "queue"),
            ("MMOB_URL", "https://mmob.test"),
            ("MMOB_SECRET", "mmob"),
            ("REDACTION_KEY", "test"),
        ];
        let settings = settings.map(|(name, value)| (name, value.to_owned()));
        let config = settings.into_iter().chain(auth_settings()).collect();
        let secret = json!({"MMOB_API_KEY": "test-mmob-key", "MMOB_WEBHOOK_TOKEN": TOKEN});
        world
            .safe
            .secrets
            .lock()
            .unwrap()
            .insert("mmob".into(), secret.to_string());
        world.stage.script([], Play::answer(500, ""));
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

    pub async fn orders(&self, ask: Ask) -> Got {
        self.answer(runtime::http(order::list::list), ask).await
    }

    pub async fn order(&self, ask: Ask) -> Got {
        self.answer(runtime::http(order::get::get), ask).await
    }

    pub async fn resolve(&self, ask: Ask) -> Got {
        self.answer(runtime::http(order::resolve::resolve).once(), ask).await
    }

    pub async fn create(&self, ask: Ask) -> Got {
        self.answer(runtime::http(product::create::create).once(), ask).await
    }

    pub async fn products(&self, ask: Ask) -> Got {
        self.answer(runtime::http(product::list::list), ask).await
    }

    pub async fn price(&self, ask: Ask) -> Got {
        self.answer(runtime::http(product::price::create).once(), ask).await
    }

    /// Has MMOB post this order.
    pub async fn post(&self, id: &str) {
        let sample = include_str!("../../../events/mmob-order-webhook.json");
        let ask = Ask::sample(sample).roles(None).path("token", TOKEN).replaced(ORDER, id);
        let function = runtime::webhook("/webhooks/mmob/{token}", order::webhook::webhook);
        let got = self.answer(function, ask).await;
        assert_eq!(got.status, 200, "{}", got.text);
    }

    /// What MMOB was asked, as method and path.
    pub fn asked(&self) -> Vec<String> {
        let seen = self.world.stage.seen().into_iter();
        seen.map(|(_, request)| format!("{} {}", request.method(), request.uri().path()))
            .collect()
    }
}
