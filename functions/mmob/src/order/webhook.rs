//! `POST /webhooks/mmob/{token}`: also through a function URL. Writes down and enqueues; everything else happens behind it.

use std::time::Duration;

use model::{Error, Kind, Result};
use runtime::problem::Problem;
use runtime::store::{Outcome, typed};
use runtime::{Cx, Domain, Raw, metric};

use super::facts::Facts;
use super::row::OrderRow;
use super::save::write;
use super::{token, wake};
use crate::Env;

/// Nothing is said to MMOB.
type Silence = serde_json::Map<String, serde_json::Value>;

/// A second look comes this late, in time for the last attempt within the user's minute.
const SECOND_LOOK: Duration = Duration::from_secs(45);

/// An order, from MMOB.
///
/// MMOB signs nothing, so the address holds a token that nobody can guess, and what is sent is only believed after MMOB has
/// been asked. An order that was sent before has no effect.
#[utoipa::path(
    post,
    path = "/webhooks/mmob/{token}",
    operation_id = "mmob-order-webhook",
    tag = "mmob",
    params(("token" = String, Path, description = "What only MMOB knows")),
    request_body(content = Object, description = "MMOB's order", content_type = "application/json"),
    responses(
        (status = 200, description = "Taken, now or before", body = Object),
        (status = 400, description = "Not an order", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Another token", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The order was different when it was sent before, or is being changed right now", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "A defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed, or no token is set up", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn webhook(cx: Cx<Env>, hook: Raw) -> Result<Silence> {
    token::check(&cx, hook.path.get("token").map_or("", String::as_str)).await?;
    let facts = Facts::of(&hook.body)?;
    let told = OrderRow::receive(&facts, cx.env.redactor(), cx.correlation, cx.now());
    match cx.env.store().write(vec![told.create(&cx.env)?]).await? {
        Outcome::Done => send(&cx, &told.id).await?,
        Outcome::Refused(stood) => {
            let stood = stood.into_iter().flatten().next();
            let stood = stood.ok_or_else(|| Error::new(Kind::Unavailable, "an order is and is not there"))?;
            told_again(&cx, typed(stood)?, &told).await?;
        }
    }
    Ok(Silence::new())
}

async fn told_again(cx: &Cx<Env>, mut row: OrderRow, told: &OrderRow) -> Result<()> {
    if row.is_told(told) {
        // The first call may have died before its messages were sent.
        return match row.is_unfinished() {
            true => wake(&cx.env, &row.id, Duration::ZERO).await,
            false => Ok(()),
        };
    }
    if !row.begin_again(told, cx.now()) {
        metric::count("ConflictingOrders", 1);
        tracing::warn!(correlation = %row.correlation_id, "an order is posted again, and different");
        return Err(Error::new(Kind::Conflict, "The order was different before."));
    }
    if !write(cx, &mut row).await? {
        return Err(Error::new(
            Kind::InProgress,
            "The order is being changed. Send it again.",
        ));
    }
    send(cx, &row.id).await
}

/// Now, and once more before the minute is over.
async fn send(cx: &Cx<Env>, id: &str) -> Result<()> {
    let (now, later) = tokio::join!(wake(&cx.env, id, Duration::ZERO), wake(&cx.env, id, SECOND_LOOK));
    now.and(later)
}
