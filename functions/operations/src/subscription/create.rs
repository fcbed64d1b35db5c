//! `POST /api/integration/subscriptions`

use garde::Validate;
use model::Result;
use model::event::EventType;
use model::id::SubscriptionId;
use runtime::problem::Problem;
use runtime::{Cx, Reply, signature};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{SubscriptionRow, SubscriptionView};
use crate::Env;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription {
    /// An https address on the public internet, on port 443 or 8443.
    #[garde(skip)]
    url: String,
    #[garde(length(min = 1, max = 32))]
    #[schema(min_items = 1, max_items = 32)]
    event_types: Vec<EventType>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedSubscription {
    #[serde(flatten)]
    subscription: SubscriptionView,
    /// The key of every signature, shown this once. An answer that is replayed has none.
    secret: String,
}

/// Has events delivered to an endpoint.
///
/// Each is a signed POST as Standard Webhooks has it; see the `secret`.
#[utoipa::path(
    post,
    path = "/api/integration/subscriptions",
    operation_id = "operations-subscription-create",
    tag = "operations",
    request_body = NewSubscription,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body create once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false)),
    responses(
        (status = 201, description = "Created; the secret is shown once", body = CreatedSubscription),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "An address that is not called, or an unknown event type", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn create(cx: Cx<Env>, wanted: NewSubscription) -> Result<Reply<CreatedSubscription>> {
    cx.caller.must_be_admin()?;
    cx.env.egress.endpoint("url", &wanted.url)?;
    let id = cx
        .subject()
        .map_or_else(|| SubscriptionId::new(cx.now()), SubscriptionId::from);
    let secret = signature::secret()?;
    let row = SubscriptionRow::new(id, wanted.url, wanted.event_types, secret.clone(), cx.now());
    let kept = Reply::created(row.view());
    let reply = Reply::created(CreatedSubscription {
        subscription: row.view(),
        secret,
    });
    cx.commit_secret(vec![row.create(&cx.env)?], &kept, reply).await
}
