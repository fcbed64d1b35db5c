//! `POST /api/integration/quotes/generate`

use std::time::Duration;

use http::{HeaderName, header};
use model::id::QuoteId;
use model::quote::{QuoteRequest, QuoteStatus};
use model::{Error, Kind, Result};
use partners::Funder;
use runtime::auth::Caller;
use runtime::once::Earlier;
use runtime::problem::Problem;
use runtime::store::Outcome as Written;
use runtime::transport::{Policy, Target, Trip};
use runtime::{Cx, Domain, Reply, Success};
use serde::Serialize;
use utoipa::ToSchema;

use super::pricing::{self, passing, settle};
use super::retry::{Attempt, WATCH};
use super::row::QuoteRow;
use super::view::QuoteView;
use crate::Env;
use crate::rehearsal::Rehearsal;

/// The caller is answered within this time, priced or not.
const BUDGET: Duration = Duration::from_secs(25);

/// A quote, or what `dryRun` makes of the request.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum Generated {
    Quote(Box<QuoteView>),
    Rehearsal(Rehearsal),
}

type Answered = Result<Reply<Success<Generated>>>;

/// Prices a vehicle with one funder.
///
/// The answer comes within 25 seconds: the price, or 202 when the funder is still being tried in the background.
#[utoipa::path(
    post,
    path = "/api/integration/quotes/generate",
    operation_id = "funders-quote-generate",
    tag = "funders",
    request_body = QuoteRequest,
    params(
        ("dryRun" = Option<bool>, Query, description = "Answers what would be sent, and sends nothing"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body are answered once", min_length = 1, max_length = 255, pattern = "^[ -~]*$", nullable = false),
        ("Prefer" = Option<String>, Header, description = "`respond-async` is answered 202 at once", nullable = false),
        ("x-correlation-id" = Option<String>, Header, description = "A UUID that is logged, passed on and returned", nullable = false),
    ),
    responses(
        (status = 200, description = "With `dryRun`: what would be sent", body = Success<Rehearsal>),
        (status = 201, description = "Priced", body = Success<QuoteView>),
        (status = 202, description = "Still being priced; see Location", body = Success<QuoteView>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Another customer's e-mail", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key is in use", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid, or rejected by the funder", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The funder refused us or made no sense", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The funder or our storage failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "No answer, and retries are off", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn generate(cx: Cx<Env>, ask: QuoteRequest) -> Answered {
    permit(&cx.caller, &ask)?;
    let funder = pricing::known(&ask.funder_name)?;
    if !funder.quote_types().contains(&ask.contract_details.quote_type) {
        return Err(Error::invalid(
            "contractDetails.quoteType",
            format!("is not one that {} takes", funder.name()),
        ));
    }
    let target = cx.env.target(funder, ask.environment)?;
    if ask.dry_run {
        let id = QuoteId::new(cx.now());
        let rehearsal = Rehearsal::of_quote(funder, &target, &ask, id, cx.correlation)?;
        return Ok(Reply::ok(Success::new(
            Generated::Rehearsal(rehearsal),
            "Nothing was sent",
        )));
    }
    let policy = cx.env.policy(funder)?;
    let id = cx.subject().map_or_else(|| QuoteId::new(cx.now()), QuoteId::from);
    let earlier = if cx.earlier() == Earlier::Nothing {
        None
    } else {
        QuoteRow::load(&cx.env, id).await?
    };
    let fresh = earlier.is_none();
    let row = match earlier {
        Some(row) if row.status != QuoteStatus::Pending || cx.earlier() == Earlier::Accepted => {
            return again(&cx, &row, &ask).await;
        }
        Some(row) => row,
        None => QuoteRow::pending(id, &cx.caller.subject, &ask, cx.correlation, cx.now())?,
    };
    // What the adapter cannot express is the caller's to mend, before anything is written or sent.
    funder.quote(
        &partners::Ask {
            reference: id,
            correlation: cx.correlation,
            request: &ask,
        },
        &row.progress,
    )?;
    if fresh && wants_async(&cx) {
        cx.env
            .retry_queue()?
            .send(
                &Attempt {
                    id,
                    attempt: row.attempt,
                },
                SOON,
            )
            .await?;
        let reply = accepted(&cx, &row, &ask, None)?.header(PREFERENCE_APPLIED, "respond-async");
        return cx.commit(vec![row.create(&cx.env)?], Ok(reply)).await;
    }
    ask_funder(
        &cx,
        row,
        &ask,
        fresh,
        Asked {
            funder,
            target: &target,
            policy: &policy,
        },
    )
    .await
}

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// A message for work not yet written is delivered after it will be.
const SOON: Duration = Duration::from_secs(2);

/// Who is asked, where, and how patiently.
struct Asked<'a> {
    funder: &'a dyn Funder,
    target: &'a Target,
    policy: &'a Policy,
}

/// The PENDING row is written while the funder is being asked; the final one follows, together with the log rows.
async fn ask_funder(cx: &Cx<Env>, mut row: QuoteRow, ask: &QuoteRequest, fresh: bool, asked: Asked<'_>) -> Answered {
    let env = &cx.env;
    let Asked { funder, target, policy } = asked;
    let deadline = cx.deadline.min(cx.started + BUDGET);
    let trip = Trip {
        correlation: cx.correlation,
        clock: cx.clock,
        deadline,
        unhurried: false,
    };
    let create = if fresh { vec![row.create(env)?] } else { Vec::new() };
    let pending = async {
        match env.store().write(create).await? {
            Written::Done => Ok(()),
            Written::Refused(_) => Err(Error::new(Kind::Internal, "a new quote's id is taken")),
        }
    };
    // Whatever becomes of this call, a worker looks at the quote soon.
    let message = Attempt { id: row.id, attempt: 0 };
    let queue = env.retry_queue()?;
    let (pending, watched, outcome) = tokio::join!(
        pending,
        queue.send(&message, WATCH),
        pricing::price(env, &row, ask, funder, target, policy, trip)
    );
    if let Err(error) = pending {
        env.outbound.tracer.flush().await;
        return Err(error);
    }
    let now = cx.now();
    match outcome.price {
        Err(error) if policy.enabled && passing(&error) => {
            row.progress = outcome.progress;
            let wait = error.retry_after;
            // Sent before it is promised: a message too many is harmless, a promise without one is not.
            let again = async {
                match watched {
                    Ok(()) => Ok(()),
                    Err(_) => queue.send(&message, WATCH).await,
                }
            };
            let (sent, ()) = tokio::join!(again, env.outbound.tracer.flush());
            sent?;
            let write = row.replace(env, now)?;
            cx.commit(vec![write], accepted(cx, &row, ask, wait)).await
        }
        price => {
            if let Err(error) = watched {
                tracing::error!(cause = %error, quote = %row.id, "a quote will be neither listed nor announced");
            }
            let settled = settle(&mut row, price, now);
            let write = row.replace(env, now)?;
            let result = match settled {
                Ok(()) => created(cx, &row, ask),
                Err(error) => Err(error),
            };
            let (committed, ()) = tokio::join!(cx.commit(vec![write], result), env.outbound.tracer.flush());
            committed
        }
    }
}

/// Customers may quote for themselves; staff for anybody.
fn permit(caller: &Caller, ask: &QuoteRequest) -> Result<()> {
    if caller.staff || caller.email.as_ref() == Some(&ask.customer_details.email) {
        return Ok(());
    }
    Err(Error::new(
        Kind::Forbidden,
        "A customer may ask only for quotes in their own, verified e-mail address.",
    ))
}

fn wants_async(cx: &Cx<Env>) -> bool {
    let preferences = cx
        .headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}

/// An earlier call with the same key got this far.
async fn again(cx: &Cx<Env>, row: &QuoteRow, ask: &QuoteRequest) -> Answered {
    let result = match (row.status, &row.failure) {
        (QuoteStatus::Pending, _) => accepted(cx, row, ask, None),
        (QuoteStatus::Failed, Some(failure)) => Err(failure.to_error().about(row.id)),
        _ => created(cx, row, ask),
    };
    cx.commit(Vec::new(), result).await
}

fn created(cx: &Cx<Env>, row: &QuoteRow, ask: &QuoteRequest) -> Answered {
    let message = format!("Quote generated successfully with {}", row.funder_name);
    Ok(Reply::created(Success::new(view(cx, row, ask), message)).header(header::LOCATION, location(row)))
}

fn accepted(cx: &Cx<Env>, row: &QuoteRow, ask: &QuoteRequest, wait: Option<Duration>) -> Answered {
    let message = format!("Quote accepted; waiting for {}", row.funder_name);
    let reply = Reply::accepted(Success::new(view(cx, row, ask), message));
    let reply = reply.header(header::LOCATION, location(row));
    Ok(match wait {
        Some(wait) => reply.header(header::RETRY_AFTER, wait.as_secs().min(3600).to_string()),
        None => reply,
    })
}

fn view(cx: &Cx<Env>, row: &QuoteRow, ask: &QuoteRequest) -> Generated {
    Generated::Quote(Box::new(QuoteView::of(row, &ask.contract_details, cx.now())))
}

fn location(row: &QuoteRow) -> String {
    format!("/api/integration/quotes/{}/status", row.id)
}
