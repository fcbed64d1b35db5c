//! `DELETE /api/integration/subscriptions/{subscriptionId}`

use garde::Validate;
use model::id::SubscriptionId;
use model::{Error, Result};
use runtime::work::row::{Revised, Row, Updated};
use runtime::{Cx, NoContent};
use serde::Deserialize;

use super::row::SubscriptionRow;
use crate::Env;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct DeleteSubscription {
    #[garde(skip)]
    subscription_id: SubscriptionId,
}

/// Ends a subscription. Its pending deliveries are not attempted again.
///
/// For admins. The receiver gets nothing more.
#[utoipa::path(
    delete,
    path = "/api/integration/subscriptions/{subscriptionId}",
    operation_id = "operations-subscription-delete",
    params(("subscriptionId" = SubscriptionId, Path, description = "The subscription's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "Absent"),
    )
)]
pub async fn delete(cx: Cx<Env>, request: DeleteSubscription) -> Result<NoContent> {
    let rows = cx.env.subscriptions()?;
    let found = SubscriptionRow::load(rows, &request.subscription_id).await?;
    let mut row = found.ok_or_else(Error::not_found)?;
    let admin = &cx.caller.subject;
    match row.update(rows, cx.clock, |row| row.delete(admin, cx.now())).await? {
        Updated::Written => Ok(NoContent),
        // Another call has deleted it.
        Updated::Unchanged | Updated::Gone => Err(Error::not_found()),
    }
}
