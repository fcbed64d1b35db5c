//! `GET /health` and `GET /api/health`: is the hub up, and do its funders answer.

use futures_util::future::join_all;
use garde::Validate;
use jiff::Timestamp;
use model::Result;
use partners::FUNDERS;
use runtime::problem::Problem;
use runtime::{Cx, Domain, transport};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

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

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderHealth {
    pub name: &'static str,
    pub environment: &'static str,
    #[serde(flatten)]
    pub health: transport::Health,
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
    let (store, log) = (env.store().as_ref(), env.common.config.get("INTEGRATION_LOG_TABLE"));
    FunderHealth {
        name,
        environment,
        health: transport::health(store, log, name, environment, now).await,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
    use runtime::Domain;
    use runtime::clock::Clock;
    use runtime::testing::{World, within};
    use runtime::transport::{Attempt, partition};

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
