//! `POST /webhooks/{funder}`: also through a function URL.

use std::time::Duration;

use futures_util::future::try_join_all;
use model::partner::FUNDERS;
use model::{Error, Kind, Result};
use partners_funders::{Funder, funder, notice};
use runtime::http::reply::Rendered;
use runtime::http::signature;
use runtime::work::inbox::{self, Received};
use runtime::{Cx, EmptyObject, NoContent, Raw, Render};

use super::row::{EventKey, EventRow};
use crate::Env;

/// Takes an event about a proposal from its funder.
///
/// Signed as Standard Webhooks lays down, with the secret `<FUNDER>_WEBHOOK_SECRET`; no funder documents a scheme of its
/// own. A repeated event has no effect.
#[utoipa::path(
    post,
    path = "/webhooks/{funder}",
    operation_id = "funders-webhook",
    tag = "funders",
    params(
        ("funder" = String, Path, description = "The funder's name in lower case"),
        ("webhook-id" = String, Header, description = "The event's id, the same when the event is repeated", max_length = 255),
        ("webhook-timestamp" = i64, Header, description = "Seconds since the epoch; at most five minutes off"),
        ("webhook-signature" = String, Header, description = "`v1,` and the HMAC-SHA256 of id, time and body, in base64"),
    ),
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "Accepted, now or before", body = Object),
        (status = 204, description = "An event type that the hub does not use"),
        (status = 400, description = "Signed and malformed"),
        (status = 401, description = "Not signed by the funder, or stale"),
        (status = 404, description = "No such funder"),
        (status = 503, description = "No secret is set"),
    )
)]
pub async fn webhook(cx: Cx<Env>, hook: Raw) -> Result<Rendered> {
    let env = &cx.env;
    let funder = hook
        .path
        .get("funder")
        .and_then(|name| named(name))
        .ok_or_else(Error::not_found)?;
    let verified = async {
        let event = signature::verify(&secrets(env, funder).await?, &cx.headers, &hook.body, cx.now())?;
        let funder = funder.name().to_owned();
        Ok(EventKey { funder, event })
    };
    let read = |id| match notice(&hook.body)? {
        Some(notice) => EventRow::of(id, notice, cx.now()).map(Some),
        None => Ok(None),
    };
    let malformed = |_| Error::new(Kind::Malformed, "The body is not an event.");
    let read = |id| read(id).map_err(malformed);
    let event = match inbox::receive(env.table()?, verified, read).await? {
        None => return NoContent.render(),
        Some(Received::New(event) | Received::Repeated { stored: event, .. }) => event,
    };
    if event.applied_at.is_none() {
        // Also for a repeated event: a crash may have lost its first message.
        env.event_queue()?.send(&event.id, Duration::ZERO).await?;
    }
    EmptyObject {}.render()
}

/// The name must be in lower case, so that each funder has one address.
fn named(path: &str) -> Option<&'static dyn Funder> {
    let name = FUNDERS.iter().find(|name| name.to_ascii_lowercase() == path)?;
    funder(name)
}

/// The secrets of the funder's open installations.
async fn secrets(env: &Env, funder: &dyn Funder) -> Result<String> {
    let open = env.open(funder);
    let each = open.iter().map(|(_, target)| env.webhook_secret(funder, target));
    let found: Vec<String> = try_join_all(each).await?.into_iter().flatten().collect();
    Ok(found.join(" "))
}
