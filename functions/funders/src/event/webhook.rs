//! `POST /webhooks/{funder}`: also through a function URL.

use std::time::Duration;

use model::partner::FUNDERS;
use model::{Error, Kind, Result};
use partners_funders::{Funder, ProposalNotice, funder, notice};
use runtime::http::reply::Rendered;
use runtime::http::signature;
use runtime::port::metric;
use runtime::port::secret::SecretMembers;
use runtime::work::inbox::{self, Received};
use runtime::{Cx, EmptyObject, NoContent, Raw, Render};

use super::row::{EventKey, EventRow};
use crate::Env;

/// Takes an event about a proposal from its funder.
///
/// The request is signed as Standard Webhooks defines, with the secret `<FUNDER>_WEBHOOK_SECRET` of one of the funder's
/// environments; no funder documents a scheme of its own. The event is a hint about a proposal of that environment: the hub asks
/// the funder, whose response has the status. A repeated event has no effect.
#[utoipa::path(
    post,
    path = "/webhooks/{funder}",
    operation_id = "funders-webhook",
    params(
        ("funder" = String, Path, description = "The funder's name in lower case"),
        ("webhook-id" = String, Header, description = "The event's id, the same when the event is repeated", max_length = 255),
        ("webhook-timestamp" = i64, Header, description = "Seconds since the epoch; at most five minutes off"),
        ("webhook-signature" = String, Header, description = "`v1,` and the HMAC-SHA256 of id, time and body, in base64"),
    ),
    request_body = ProposalNotice,
    responses(
        (status = 200, description = "Accepted, new or repeated", body = EmptyObject),
        (status = 204, description = "An event type that the hub does not use"),
        (status = 400, description = "Signed but malformed"),
        (status = 401, description = "Not signed by the funder, or stale"),
        (status = 404, description = "No such funder"),
        (status = 503, description = "No secret is set, or two environments have the same one"),
    )
)]
pub async fn webhook(cx: Cx<Env>, hook: Raw) -> Result<Rendered> {
    let env = &cx.env;
    let funder = hook
        .path
        .get("funder")
        .and_then(|name| named(name))
        .ok_or_else(Error::not_found)?;
    let verified = verify(&cx, funder, &hook.body);
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

/// The event's id, in the open environment whose secret signed it. A secret that two environments share proves neither.
async fn verify(cx: &Cx<Env>, funder: &dyn Funder, body: &[u8]) -> Result<EventKey> {
    let (open, member) = (
        cx.env.webhook_secrets(funder),
        format!("{}_WEBHOOK_SECRET", funder.name()),
    );
    let ids: Vec<&str> = open.iter().map(|(_, secret)| *secret).collect();
    let check = |secrets: &[Option<SecretMembers>]| {
        let (mut signed, mut failure) = (None, None);
        for ((environment, _), members) in open.iter().zip(secrets) {
            let Some(secret) = members.as_ref().and_then(|members| members.get(&member)) else {
                continue;
            };
            match signature::verify(secret, &cx.headers, body, cx.now()) {
                Ok(_) if signed.is_some() => return Err(shared(funder)),
                Ok(event) => {
                    signed = Some(EventKey {
                        funder: funder.name().to_owned(),
                        environment: *environment,
                        event,
                    });
                }
                // The funder repeats what a secret that cannot be used may have signed.
                Err(error) if failure.is_none() || error.kind != Kind::Unauthenticated => failure = Some(error),
                Err(_) => {}
            }
        }
        signed.ok_or_else(|| failure.unwrap_or_else(signature::unusable))
    };
    let verified = cx.env.outbound.secrets.verify(&ids, cx.now(), check).await;
    verified.inspect_err(|error| {
        if error.kind != Kind::Unauthenticated {
            metric::count("UnconfiguredWebhooks", 1);
        }
    })
}

fn shared(funder: &dyn Funder) -> Error {
    let what = format!("two environments of {} have the same webhook secret", funder.name());
    Error::new(Kind::Unavailable, what)
}
