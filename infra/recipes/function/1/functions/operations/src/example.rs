//! `GET /api/example`: returns the caller's subject.

use garde::Validate;
use model::Result;
use runtime::Cx;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Env;

/// The request has no parameters.
#[derive(Deserialize, Validate)]
pub struct GetExample {}

#[derive(Debug, Serialize, ToSchema)]
pub struct Example {
    pub caller: String,
}

/// Returns the caller.
#[utoipa::path(
    get,
    path = "/api/example",
    operation_id = "operations-example",
    tag = "operations",
    responses((status = 200, description = "The caller", body = Example))
)]
pub async fn example(cx: Cx<Env>, _: GetExample) -> Result<Example> {
    Ok(Example {
        caller: cx.caller.subject.clone(),
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Sample, harness};

    #[tokio::test(start_paused = true)]
    async fn a_caller_gets_its_own_subject() {
        let harness = harness();
        let sample = Sample::of(include_str!("../../../events/operations-example.json"));
        let response = harness.as_customer().request(sample.method, &sample.path).await;
        assert_eq!(response.text("caller"), "john", "{}", response.text);
        assert_eq!(harness.anonymous().get("/api/example").await.status, 401);
    }
}
