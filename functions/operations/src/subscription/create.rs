//! `POST /api/integration/subscriptions`

use garde::Validate;
use model::Result;
use model::event::EventType;
use model::id::SubscriptionId;
use runtime::http::signature;
use runtime::work::row::Row;
use runtime::{Cx, Reply, Success};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::row::{SubscriptionRow, SubscriptionView};
use crate::Env;

/// An endpoint, and the events that it gets.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSubscription {
    /// An https address on the public internet, on port 443 or 8443.
    #[garde(skip)]
    url: String,
    /// The types of events that it gets.
    #[garde(length(min = 1, max = 32))]
    #[schema(min_items = 1, max_items = 32)]
    event_types: Vec<EventType>,
}

/// A new subscription, with its secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedSubscription {
    #[serde(flatten)]
    subscription: SubscriptionView,
    /// The key of every signature. Only this response has it; a replay of the response does not.
    secret: String,
}

/// Subscribes an endpoint to events.
///
/// Each event is delivered by a POST that is signed with the `secret`, as Standard Webhooks defines it.
#[utoipa::path(
    post,
    path = "/api/integration/subscriptions",
    operation_id = "operations-subscription-create",
    request_body = NewSubscription,
    responses(
        (status = 201, description = "Created, with the secret", body = Success<CreatedSubscription>),
        (status = 422, description = "An address that the hub does not call, or an unknown event type"),
    )
)]
pub async fn create(cx: Cx<Env>, wanted: NewSubscription) -> Result<Reply<Success<CreatedSubscription>>> {
    cx.env.egress.endpoint("url", &wanted.url)?;
    let id = cx
        .subject()
        .map_or_else(|| SubscriptionId::new(cx.now()), SubscriptionId::from);
    let secret = signature::secret()?;
    let (admin, now) = (&cx.caller.subject, cx.now());
    let sealed = SubscriptionRow::seal(&cx.env, &id, &secret, now).await?;
    let row = SubscriptionRow::new(id, wanted.url, wanted.event_types, sealed, admin, now);
    let message = "Subscription created";
    let kept = Reply::created(Success::new(row.view(), message));
    let created = CreatedSubscription {
        subscription: row.view(),
        secret,
    };
    let reply = Reply::created(Success::new(created, message));
    cx.commit_secret(vec![row.create(cx.env.subscriptions()?)?], &kept, reply)
        .await
}
