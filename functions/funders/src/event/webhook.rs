//! `POST /webhooks/{funder}`: also through a function URL.

use std::time::Duration;

use futures_util::future::try_join_all;
use http::{HeaderMap, StatusCode};
use model::quote::Environment;
use model::{Error, Kind, Result};
use partners::{FUNDERS, Funder, funder, notice};
use runtime::problem::Problem;
use runtime::reply::Rendered;
use runtime::store::{Outcome, typed};
use runtime::transport::Target;
use runtime::{Answer, Cx, Domain, Raw, signature};

use super::apply::News;
use super::row::EventRow;
use crate::Env;

/// Nothing is said to whoever sends news.
type Silence = serde_json::Map<String, serde_json::Value>;

/// News of a proposal, from its funder.
///
/// Signed as Standard Webhooks lays down, with the secret `<FUNDER>_WEBHOOK_SECRET`; no funder documents a scheme of its
/// own. An event that was sent before has no effect.
#[utoipa::path(
    post,
    path = "/webhooks/{funder}",
    operation_id = "funders-webhook",
    tag = "funders",
    params(
        ("funder" = String, Path, description = "The funder's name in lower case"),
        ("webhook-id" = String, Header, description = "The event's id, the same when it is sent again", max_length = 255),
        ("webhook-timestamp" = i64, Header, description = "Seconds since the epoch; at most five minutes off"),
        ("webhook-signature" = String, Header, description = "`v1,` and the HMAC-SHA256 of id, time and body, in base64"),
    ),
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = 200, description = "Taken, now or before", body = Object),
        (status = 204, description = "Not of a type that is waited for"),
        (status = 400, description = "Signed and malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed by the funder, or stale", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such funder", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed, or no secret is set", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn webhook(cx: Cx<Env>, hook: Raw) -> Result<Rendered> {
    let env = &cx.env;
    let funder = hook
        .path
        .get("funder")
        .and_then(|name| named(name))
        .ok_or_else(Error::not_found)?;
    let id = signature::verify(&secrets(&cx, funder).await?, &cx.headers, &hook.body, cx.now())?;
    let malformed = |_| Error::new(Kind::Malformed, "The body is not an event.");
    let Some(news) = notice(&hook.body).map_err(malformed)? else {
        return Ok(Rendered {
            status: StatusCode::NO_CONTENT,
            headers: HeaderMap::new(),
            body: String::new(),
            base64: false,
        });
    };
    let row = EventRow::of(funder.name(), &id, news, cx.now()).map_err(malformed)?;
    let applied = match env.store().write(vec![row.create(env)?]).await? {
        Outcome::Done => false,
        Outcome::Refused(stood) => match stood.into_iter().flatten().next() {
            Some(stood) => typed::<EventRow>(stood)?.applied_at.is_some(),
            None => false,
        },
    };
    if !applied {
        // Again for a duplicate: the first message may never have been sent.
        let message = News {
            funder: funder.name().to_owned(),
            event: id,
        };
        env.event_queue()?.send(&message, Duration::ZERO).await?;
    }
    Silence::new().render()
}

/// Exactly lower case: one address per funder.
fn named(path: &str) -> Option<&'static dyn Funder> {
    let name = FUNDERS.iter().find(|name| name.to_ascii_lowercase() == path)?;
    funder(name)
}

/// The secrets of all environments that are open here.
async fn secrets(cx: &Cx<Env>, funder: &dyn Funder) -> Result<String> {
    let open = [Environment::Sandbox, Environment::Live].into_iter();
    let open: Vec<Target> = open
        .filter_map(|environment| cx.env.target(funder, environment).ok())
        .collect();
    let each = open.iter().map(|target| cx.env.webhook_secret(funder, target));
    let found: Vec<String> = try_join_all(each).await?.into_iter().flatten().collect();
    Ok(found.join(" "))
}
