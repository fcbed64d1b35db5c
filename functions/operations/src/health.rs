//! `GET /health` and `GET /api/health`: is the hub up, and do its funders answer.

use std::time::Duration;

use futures_util::future::{join, join_all};
use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::Result;
use partners::FUNDERS;
use runtime::Cx;
use runtime::problem::Problem;
use runtime::store::{Query, typed};
use runtime::transport::{Attempt, Status, partition};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// A slow log must not make the hub look dead.
const PATIENCE: Duration = Duration::from_millis(900);
/// The newest calls per hour that are looked at.
const SAMPLE: u16 = 100;

/// Nothing is asked.
#[derive(Deserialize, Validate)]
pub struct Nothing {}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok` while this function can answer at all.
    pub status: &'static str,
    pub version: &'static str,
    pub funders: Vec<FunderHealth>,
}

/// From the calls of the last hour; nobody is called for this.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderHealth {
    pub name: &'static str,
    pub environment: &'static str,
    pub connectivity: Connectivity,
    pub calls: usize,
    pub failures: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Connectivity {
    /// The newest call succeeded.
    Up,
    /// The newest call failed, and others did not.
    Degraded,
    /// Every call failed.
    Down,
    /// There was no call, or the log does not answer.
    Unknown,
}

/// Is the hub up, and do its funders answer?
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "operations-health",
    tag = "operations",
    responses(
        (status = 200, description = "The hub answers", body = Health),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn health(cx: Cx<Env>, _: Nothing) -> Result<Health> {
    let each = FUNDERS
        .iter()
        .flat_map(|name| ["SANDBOX", "LIVE"].map(|environment| (*name, environment)));
    let each = each.map(|(name, environment)| funder(&cx.env, name, environment, cx.now()));
    Ok(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        funders: join_all(each).await,
    })
}

/// The same under the path of spec 1.
#[utoipa::path(
    get,
    path = "/api/health",
    operation_id = "operations-health-api",
    tag = "operations",
    responses(
        (status = 200, description = "The hub answers", body = Health),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
    )
)]
pub fn api_health() {}

async fn funder(env: &Env, name: &'static str, environment: &'static str, now: Timestamp) -> FunderHealth {
    let found = tokio::time::timeout(PATIENCE, calls(env, name, environment, now)).await;
    let calls = found.unwrap_or_else(|_| Ok(Vec::new())).unwrap_or_default();
    let good = |call: &&Attempt| call.status == Status::Success;
    let failures = calls.len() - calls.iter().filter(good).count();
    let connectivity = match (calls.first(), failures) {
        (None, _) => Connectivity::Unknown,
        (Some(newest), _) if newest.status == Status::Success => Connectivity::Up,
        (Some(_), failures) if failures < calls.len() => Connectivity::Degraded,
        _ => Connectivity::Down,
    };
    let last_success_at = calls.iter().find(good).map(|call| call.created_at);
    FunderHealth {
        name,
        environment,
        connectivity,
        calls: calls.len(),
        failures,
        last_success_at,
    }
}

/// The calls of the last 60 minutes, newest first. They lie in this hour's partition and the one before.
async fn calls(env: &Env, name: &str, environment: &str, now: Timestamp) -> Result<Vec<Attempt>> {
    let since = now.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(now);
    let table = env.config.need("INTEGRATION_LOG_TABLE")?;
    let (this, before) = (partition(name, environment, now), partition(name, environment, since));
    let store = runtime::Domain::store(env);
    let [this, before] = [this, before].map(|pk| Query::new(table, pk, SAMPLE));
    let (this, before) = join(store.query(&this), store.query(&before)).await;
    let rows: Result<Vec<Attempt>> = this?.into_iter().chain(before?).map(typed).collect();
    Ok(rows?.into_iter().filter(|call| call.created_at > since).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
    use runtime::Domain;
    use runtime::clock::Clock;
    use runtime::testing::{World, within};

    use super::*;

    async fn ask(world: &World) -> (i64, String) {
        let config = [("INTEGRATION_LOG_TABLE", "log")].into_iter().collect();
        let env = Arc::new(Env::load(config, world.ports()));
        let clock = Clock::starting("2026-01-05T10:20:00Z".parse().unwrap());
        let event: ApiGatewayV2httpRequest =
            serde_json::from_str(include_str!("../../../events/operations-health.json")).unwrap();
        let answer = runtime::http(health)
            .public()
            .answer(env, clock, within(Duration::from_secs(3)), event)
            .await;
        let aws_lambda_events::encodings::Body::Text(body) = answer.body.unwrap() else {
            panic!("text")
        };
        (answer.status_code, body)
    }

    async fn called(world: &World, at: &str, status: &str) {
        let at: Timestamp = at.parse().unwrap();
        let row = serde_json::json!({
            "pk": partition("LEX", "SANDBOX", at), "sk": model::id::LogRowId::new(at), "funderName": "LEX",
            "environment": "SANDBOX", "operation": "quote", "status": status, "retryCount": 0, "responseTime": 5,
            "correlationId": model::id::CorrelationId::new(at), "createdAt": at, "request": "", "ttl": 0,
        });
        let item = serde_json::from_value::<Attempt>(row).unwrap();
        runtime::store::Store::append(world.store.as_ref(), "log", vec![runtime::store::item(&item).unwrap()])
            .await
            .unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_hour_decides() {
        let world = World::default();
        assert!(
            ask(&world)
                .await
                .1
                .contains(r#""name":"LEX","environment":"SANDBOX","connectivity":"unknown""#)
        );
        called(&world, "2026-01-05T08:59:00Z", "SUCCESS").await;
        assert!(ask(&world).await.1.contains("unknown"), "older than an hour");
        called(&world, "2026-01-05T09:30:00Z", "FAILED").await;
        assert!(
            ask(&world)
                .await
                .1
                .contains(r#""connectivity":"down","calls":1,"failures":1"#)
        );
        called(&world, "2026-01-05T10:01:00Z", "SUCCESS").await;
        assert!(
            ask(&world)
                .await
                .1
                .contains(r#""connectivity":"up","calls":2,"failures":1"#)
        );
        called(&world, "2026-01-05T10:02:00Z", "RETRY").await;
        assert!(
            ask(&world)
                .await
                .1
                .contains(r#""connectivity":"degraded","calls":3,"failures":2"#)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_log_does_not_make_the_hub_look_dead() {
        let world = World::default();
        world.store.set_down(true);
        let (status, body) = ask(&world).await;
        assert_eq!(status, 200);
        assert!(body.contains(r#""status":"ok""#) && body.contains("unknown"));
    }
}
