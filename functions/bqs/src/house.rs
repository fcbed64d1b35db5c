//! The case API on stand-ins: channels with keys, and what they are answered. For tests.

mod ask;
mod slow;

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use http::HeaderMap;
use runtime::clock::Clock;
use runtime::ports::Ports;
use runtime::store::{Outcome, Store};
use runtime::testing::{World, within};
use runtime::{Domain, Input};
use serde_json::Value;

pub use ask::Ask;
use slow::Slow;

use crate::Env;
use crate::channel::{ApiKey, ChannelRow, Permissions, Role, directory};

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
}

impl House {
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// With these settings beside the usual ones.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        let world = World::default();
        let ports = world.ports();
        Self::on(world, ports, settings)
    }

    /// With a store that takes its time, so that callers get in each other's way.
    pub fn slow(seed: u64) -> Self {
        Self::slow_with(seed, &[])
    }

    pub fn slow_with(seed: u64, settings: &[(&str, &str)]) -> Self {
        let world = World::default();
        let ports = Ports {
            store: Arc::new(Slow::new(Arc::clone(&world.store), seed)),
            ..world.ports()
        };
        Self::on(world, ports, settings)
    }

    fn on(world: World, ports: Ports, settings: &[(&str, &str)]) -> Self {
        let usual = [
            ("CASES_TABLE", "cases"),
            ("IDEMPOTENCY_TABLE", "keys"),
            ("BQS_FORWARD_QUEUE_URL", "forward"),
            ("DEAD_LETTER_QUEUE_URL", "dead"),
            ("REDACTION_KEY", "test"),
        ];
        let config = usual.iter().chain(settings).copied().collect();
        Self {
            env: Arc::new(Env::load(config, ports)),
            clock: Clock::starting("2026-01-05T10:20:00Z".parse().unwrap()),
            world,
        }
    }

    /// A channel that may handle these dealers, and every brand and agreement of the spec's samples. Its key.
    pub async fn channel(&self, name: &str, roles: &[Role], dealers: &[i64]) -> String {
        let key = ApiKey::generate(name).unwrap();
        let row = ChannelRow {
            name: name.to_owned(),
            permissions: Permissions {
                roles: roles.iter().copied().collect(),
                allowed_dealer_codes: dealers.iter().copied().collect(),
                allowed_brand_codes: [1, 4, 10, 11].into(),
                allowed_agreements: [2700, 3600, 3700, 3701].into(),
            },
            key_hash: key.hash(),
            revision: 1,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        let writes = directory::first(&self.env, &row).await.unwrap();
        let written = self.world.store.write(writes).await;
        assert_eq!(written.unwrap(), Outcome::Done);
        key.reveal().to_owned()
    }

    pub async fn answer<H, I, F, A>(
        &self,
        function: runtime::gateway::Http<Env, H, I, F>,
        event: ApiGatewayV2httpRequest,
    ) -> Got
    where
        H: Fn(runtime::Cx<Env>, I) -> F + Send + Sync + 'static,
        I: Input + Send + 'static,
        F: Future<Output = model::Result<A>> + Send + 'static,
        A: runtime::Answer + 'static,
    {
        let time = within(Duration::from_secs(29));
        got(function.answer(Arc::clone(&self.env), self.clock, time, event).await)
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
