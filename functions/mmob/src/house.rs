//! What people see of orders and products, on stand-ins. For tests.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use http::HeaderMap;
use runtime::clock::Clock;
use runtime::testing::{KEY, Play, World, auth_settings, claims, within};
use runtime::{Domain, Input};
use serde_json::{Value, json};

use crate::{Env, order, product};

pub const TOKEN: &str = "test-mmob-webhook-token";
pub const ORDER: &str = "po_Ab12Cd34Ef5";

pub struct House {
    pub world: World,
    pub env: Arc<Env>,
    pub clock: Clock,
}

/// What a caller got.
#[derive(Debug)]
pub struct Got {
    pub status: i64,
    pub headers: HeaderMap,
    pub text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// What stands in the envelope.
    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }

    pub fn field(&self) -> String {
        self.json()["errors"][0]["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// An HTTP request, from its function's sample event, by an admin unless said otherwise.
pub struct Ask {
    event: ApiGatewayV2httpRequest,
    roles: Option<&'static [&'static str]>,
}

impl Ask {
    pub fn sample(text: &str) -> Self {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(text).unwrap();
        event.headers.remove("authorization");
        Self {
            event,
            roles: Some(&["admin"]),
        }
    }

    pub fn roles(mut self, roles: Option<&'static [&'static str]>) -> Self {
        self.roles = roles;
        self
    }

    pub fn body(mut self, body: &Value) -> Self {
        self.event.body = Some(body.to_string());
        self
    }

    /// The sample's body with one member changed.
    pub fn with(mut self, member: &str, value: Value) -> Self {
        let mut body: Value = serde_json::from_str(&self.event.body.unwrap_or_default()).unwrap();
        body[member] = value;
        self.event.body = Some(body.to_string());
        self
    }

    pub fn key(mut self, key: &str) -> Self {
        self.event.headers.insert("idempotency-key", key.parse().unwrap());
        self
    }

    pub fn path(mut self, name: &str, value: &str) -> Self {
        self.event.path_parameters.insert(name.into(), value.into());
        self
    }

    pub fn query(mut self, query: &str) -> Self {
        self.event.raw_query_string = Some(query.into());
        self
    }
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

    fn signed(&self, mut ask: Ask) -> ApiGatewayV2httpRequest {
        if let Some(roles) = ask.roles {
            let claims = claims("ann", "ann@example.com", roles, self.clock.now());
            let token = KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), &claims).unwrap();
            let bearer = format!("Bearer {token}");
            ask.event.headers.insert("authorization", bearer.parse().unwrap());
        }
        ask.event
    }

    async fn answer<H, I, F, A>(&self, function: runtime::gateway::Http<Env, H, I, F>, ask: Ask) -> Got
    where
        H: Fn(runtime::Cx<Env>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = model::Result<A>> + Send + 'static,
        A: runtime::Answer + 'static,
    {
        let time = within(Duration::from_secs(29));
        let env = Arc::clone(&self.env);
        got(function.answer(env, self.clock, time, self.signed(ask)).await)
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
        let mut ask = Ask::sample(sample).roles(None).path("token", TOKEN);
        ask.event.body = ask.event.body.map(|body| body.replace(ORDER, id));
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

fn got(response: ApiGatewayV2httpResponse) -> Got {
    let Some(Body::Text(text)) = response.body else {
        panic!("no text")
    };
    Got {
        status: response.status_code,
        headers: response.headers,
        text,
    }
}
