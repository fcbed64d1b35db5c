//! `GET /api/integration/subscriptions`

use garde::Validate;
use model::Result;
use model::id::SubscriptionId;
use runtime::Cx;
use runtime::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SubscriptionRow, SubscriptionView};
use crate::Env;
use crate::page::size;

#[derive(Deserialize, Validate)]
pub struct Which {
    #[garde(inner(range(min = 1, max = 100)))]
    limit: Option<u32>,
    #[garde(skip)]
    cursor: Option<SubscriptionId>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionList {
    subscriptions: Vec<SubscriptionView>,
    /// The `cursor` of the next page, if there is one.
    next_cursor: Option<SubscriptionId>,
}

/// Who is told about which events, newest first.
#[utoipa::path(
    get,
    path = "/api/integration/subscriptions",
    operation_id = "operations-subscription-list",
    tag = "operations",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many; 50 unless said", minimum = 1, maximum = 100),
        ("cursor" = Option<SubscriptionId>, Query, description = "The `nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "One page, without secrets", body = SubscriptionList),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<SubscriptionList> {
    cx.caller.must_be_admin()?;
    let (rows, next_cursor) = SubscriptionRow::page(&cx.env, which.cursor, size(which.limit)).await?;
    Ok(SubscriptionList {
        subscriptions: rows.iter().map(SubscriptionRow::view).collect(),
        next_cursor,
    })
}
