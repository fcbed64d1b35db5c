//! The domain on stand-ins, with a log to read.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use aws_lambda_events::encodings::Body;
use http::{HeaderValue, header};
use jiff::Timestamp;
use model::id::{CorrelationId, LogRowId};
use runtime::clock::Clock;
use runtime::cx::Time;
use runtime::store::{Store, item};
use runtime::testing::{KEY, World, auth_settings, claims, within};
use runtime::transport::{Attempt, partition};
use runtime::{Domain, http as function};
use serde_json::{Value, json};

use crate::Env;
use crate::log::{list, metrics};

pub const NOW: &str = "2026-01-05T10:20:00Z";

pub struct House {
    pub world: World,
    env: Arc<Env>,
    clock: Clock,
}

pub struct Got {
    pub status: i64,
    text: String,
}

impl Got {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub at: Timestamp,
    pub environment: &'static str,
    pub operation: &'static str,
    pub status: &'static str,
    pub error: Option<&'static str>,
    pub correlation: u8,
    pub time: u64,
    pub retries: u32,
}

impl Row {
    pub fn at(at: &str) -> Self {
        Self {
            at: at.parse().unwrap(),
            environment: "SANDBOX",
            operation: "quote",
            status: "SUCCESS",
            error: None,
            correlation: 0,
            time: 5,
            retries: 0,
        }
    }
}

pub fn correlation(n: u8) -> CorrelationId {
    format!("019b8dd2-6a00-7000-8000-0000000000{n:02x}").parse().unwrap()
}

impl House {
    pub fn new(now: &str) -> Self {
        let world = World::default();
        let mut settings = auth_settings();
        settings.push(("INTEGRATION_LOG_TABLE", "log".into()));
        settings.push(("REDACTION_KEY", "test".into()));
        Self {
            env: Arc::new(Env::load(settings.into_iter().collect(), world.ports())),
            clock: Clock::starting(now.parse().unwrap()),
            world,
        }
    }

    /// Writes a row as the tracer does and says its id.
    pub async fn called(&self, row: Row) -> LogRowId {
        let id = LogRowId::new(row.at);
        let row = json!({
            "pk": partition("LEX", row.environment, row.at), "sk": id, "funderName": "LEX",
            "environment": row.environment, "operation": row.operation, "status": row.status,
            "retryCount": row.retries, "responseTime": row.time, "correlationId": correlation(row.correlation),
            "createdAt": row.at, "request": "{\"asked\":1}", "response": "{\"said\":1}", "httpStatus": 200,
            "error": row.error, "ttl": 0,
        });
        let row: Attempt = serde_json::from_value(row).unwrap();
        self.world.store.append("log", vec![item(&row).unwrap()]).await.unwrap();
        id
    }

    pub async fn ask(&self, what: &str, query: &str) -> Got {
        self.ask_as(what, Some(&["staff"]), query).await
    }

    /// The sample event, as it is.
    pub async fn sample(&self, what: &str) -> Got {
        self.send(what, Some(&["staff"]), None, within(Duration::from_secs(29)))
            .await
    }

    pub async fn ask_as(&self, what: &str, roles: Option<&[&str]>, query: &str) -> Got {
        self.send(what, roles, Some(query), within(Duration::from_secs(29)))
            .await
    }

    /// Every row there is, page by page.
    pub async fn all(&self, what: &str, query: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let got = self.ask(what, &format!("{query}{cursor}")).await;
            assert_eq!(got.status, 200, "{query}: {}", got.text);
            let page = got.json();
            rows.extend(page["data"].as_array().unwrap().iter().cloned());
            let Some(next) = page["nextCursor"].as_str() else {
                return rows;
            };
            cursor = format!("&cursor={next}");
        }
    }

    pub async fn send(&self, what: &str, roles: Option<&[&str]>, query: Option<&str>, time: Time) -> Got {
        let event = match what {
            "logs" => include_str!("../../../../../events/operations-logs.json"),
            _ => include_str!("../../../../../events/operations-metrics.json"),
        };
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(event).unwrap();
        event.headers.remove(header::AUTHORIZATION);
        if let Some(roles) = roles {
            let claims = claims("somebody", "john.doe@example.com", roles, self.clock.now());
            let token = KEY.sign(&json!({"alg": "RS256", "typ": "JWT"}), &claims).unwrap();
            let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
            event.headers.insert(header::AUTHORIZATION, bearer);
        }
        if let Some(query) = query {
            event.raw_query_string = Some(query.to_owned());
        }
        let env = Arc::clone(&self.env);
        let answer = match what {
            "logs" => function(list::logs).answer(env, self.clock, time, event).await,
            _ => function(metrics::metrics).answer(env, self.clock, time, event).await,
        };
        let Body::Text(text) = answer.body.unwrap() else {
            panic!("text")
        };
        Got {
            status: answer.status_code,
            text,
        }
    }
}
