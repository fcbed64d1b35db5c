//! `DELETE /api/integration/subscriptions/{subscriptionId}`

use garde::Validate;
use http::StatusCode;
use model::id::SubscriptionId;
use model::{Error, Result};
use runtime::problem::Problem;
use runtime::reply::Rendered;
use runtime::store::Outcome;
use runtime::{Cx, Domain};
use serde::Deserialize;

use super::SubscriptionRow;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    #[garde(skip)]
    subscription_id: SubscriptionId,
}

/// Ends a subscription. What is still to be delivered to it is not.
#[utoipa::path(
    delete,
    path = "/api/integration/subscriptions/{subscriptionId}",
    operation_id = "operations-subscription-delete",
    tag = "operations",
    params(("subscriptionId" = SubscriptionId, Path, description = "The subscription's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Absent", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn delete(cx: Cx<Env>, which: Which) -> Result<Rendered> {
    cx.caller.must_be_admin()?;
    loop {
        let found = SubscriptionRow::load(&cx.env, which.subscription_id).await?;
        let row = found.ok_or_else(Error::not_found)?;
        let write = row.delete(&cx.env, cx.now())?;
        // Refused means that it was disabled or deleted in between, which happens once each.
        if cx.env.store().write(vec![write]).await? == Outcome::Done {
            return Ok(Rendered::empty(StatusCode::NO_CONTENT));
        }
    }
}
