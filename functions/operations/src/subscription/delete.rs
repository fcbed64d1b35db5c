//! `DELETE /api/integration/subscriptions/{subscriptionId}`

use garde::Validate;
use model::id::SubscriptionId;
use model::{Error, Result};
use runtime::port::store::Written;
use runtime::{Cx, Domain, NoContent};
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
#[utoipa::path(
    delete,
    path = "/api/integration/subscriptions/{subscriptionId}",
    operation_id = "operations-subscription-delete",
    tag = "operations",
    params(("subscriptionId" = SubscriptionId, Path, description = "The subscription's id")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "Absent"),
    )
)]
pub async fn delete(cx: Cx<Env>, request: DeleteSubscription) -> Result<NoContent> {
    loop {
        let found = SubscriptionRow::load(&cx.env, request.subscription_id).await?;
        let row = found.ok_or_else(Error::not_found)?;
        let write = row.delete(&cx.env, cx.now())?;
        // Refused means that another call or worker deleted or disabled it since the read. Each happens once at most.
        if cx.env.store().write(vec![write]).await? == Written::Done {
            return Ok(NoContent);
        }
    }
}
