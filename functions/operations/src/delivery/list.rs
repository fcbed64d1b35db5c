//! `GET /api/integration/deliveries`

use garde::Validate;
use jiff::{SignedDuration, Timestamp};
use model::event::EventType;
use model::id::{DeliveryId, SubscriptionId};
use model::{Error, Result};
use runtime::Cx;
use runtime::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::row::{DeliveryRow, KEPT, moment};
use super::{DeliveryStatus, DeliveryView};
use crate::Env;
use crate::page::size;

/// So many rows are read at once.
const READ: u16 = 100;
/// So many rows are looked at for one page: where few match, the page is short and the cursor leads on.
const LOOKED_AT: usize = 1000;

#[derive(Deserialize, Validate)]
#[serde(rename_all = "camelCase")]
pub struct Which {
    #[garde(skip)]
    subscription_id: Option<SubscriptionId>,
    #[garde(skip)]
    status: Option<DeliveryStatus>,
    #[garde(skip)]
    event_type: Option<EventType>,
    #[garde(inner(range(min = 1, max = 100)))]
    limit: Option<u32>,
    #[garde(skip)]
    cursor: Option<DeliveryId>,
}

impl Which {
    fn wants(&self, row: &DeliveryRow) -> bool {
        self.subscription_id.is_none_or(|id| id == row.subscription_id)
            && self.status.is_none_or(|status| status == row.status)
            && self.event_type.is_none_or(|kind| kind == row.event_type)
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryList {
    deliveries: Vec<DeliveryView>,
    /// The `cursor` of the next page, if there is one. A page may be short and still have a next one.
    next_cursor: Option<DeliveryId>,
}

/// What was delivered in the last 30 days and what was not, newest first.
#[utoipa::path(
    get,
    path = "/api/integration/deliveries",
    operation_id = "operations-delivery-list",
    tag = "operations",
    params(
        ("subscriptionId" = Option<SubscriptionId>, Query, description = "Of one subscription"),
        ("status" = Option<DeliveryStatus>, Query, description = "In one state"),
        ("eventType" = Option<EventType>, Query, description = "Of one type of event"),
        ("limit" = Option<u32>, Query, description = "At most so many; 50 unless said", minimum = 1, maximum = 100),
        (
            "cursor" = Option<String>,
            Query,
            description = "The `nextCursor` of the page before",
            pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
        ),
    ),
    responses(
        (status = 200, description = "One page", body = DeliveryList),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not staff", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn list(cx: Cx<Env>, which: Which) -> Result<DeliveryList> {
    cx.caller.must_be_staff()?;
    let (rows, next_cursor) = page(&cx.env, &which, cx.now()).await?;
    Ok(DeliveryList {
        deliveries: rows.iter().map(DeliveryRow::view).collect(),
        next_cursor,
    })
}

/// Day by day into the past, until the page is full, enough was looked at, or nothing older is kept.
async fn page(env: &Env, which: &Which, now: Timestamp) -> Result<(Vec<DeliveryRow>, Option<DeliveryId>)> {
    let stranger = || Error::invalid("cursor", "must be a cursor of this list");
    let newest = match which.cursor {
        Some(cursor) => moment(cursor).ok_or_else(stranger)?.min(now),
        None => now,
    };
    let (limit, mut page, mut looked_at) = (size(which.limit), Vec::new(), 0);
    let (mut day, mut from) = (newest, which.cursor);
    let oldest = before(now, KEPT + 1);
    while day >= oldest {
        // One more than is looked at, which is where the next read begins.
        let mut rows = DeliveryRow::of_day(env, day, from, READ + 1).await?;
        let next = rows.split_off(rows.len().min(READ.into())).pop();
        for row in rows {
            if page.len() == limit || looked_at == LOOKED_AT {
                return Ok((page, Some(row.id)));
            }
            looked_at += 1;
            if which.wants(&row) {
                page.push(row);
            }
        }
        from = next.map(|row| row.id);
        if from.is_none() {
            day = before(day, 1);
        }
    }
    Ok((page, None))
}

fn before(at: Timestamp, days: i64) -> Timestamp {
    at.saturating_sub(SignedDuration::from_hours(24 * days))
        .unwrap_or(Timestamp::MIN)
}
