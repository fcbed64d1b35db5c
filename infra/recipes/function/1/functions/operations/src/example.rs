//! `GET /api/example`: says who asks.

use garde::Validate;
use model::Result;
use runtime::Cx;
use runtime::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// Nothing is asked.
#[derive(Deserialize, Validate)]
pub struct Nothing {}

#[derive(Debug, Serialize, ToSchema)]
pub struct Example {
    pub caller: String,
}

/// Who am I?
#[utoipa::path(
    get,
    path = "/api/example",
    operation_id = "operations-example",
    tag = "operations",
    responses(
        (status = 200, description = "The caller", body = Example),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn example(cx: Cx<Env>, _: Nothing) -> Result<Example> {
    Ok(Example {
        caller: cx.caller.subject.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
    use runtime::Domain;
    use runtime::clock::Clock;
    use runtime::testing::{World, auth_settings, within};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_sample_event_has_no_token_that_counts() {
        let env = Arc::new(Env::load(
            auth_settings().into_iter().collect(),
            World::default().ports(),
        ));
        let event: ApiGatewayV2httpRequest =
            serde_json::from_str(include_str!("../../../events/operations-example.json")).unwrap();
        let clock = Clock::starting("2026-01-05T10:20:00Z".parse().unwrap());
        let limit = within(Duration::from_secs(3));
        let answer = runtime::http(example).answer(env, clock, limit, event).await;
        assert_eq!(answer.status_code, 401);
    }
}
