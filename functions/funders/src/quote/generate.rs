//! `POST /api/integration/quotes/generate`

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use model::error::both;
use model::id::QuoteId;
use model::person::check_birth_date;
use model::quote::{QuoteRequest, QuoteStatus};
use model::{Error, Kind, Result};
use runtime::http::auth::Caller;
use runtime::http::media::split;
use runtime::port::store::Write;
use runtime::transport::CallContext;
use runtime::work::idempotency::Earlier;
use runtime::work::row::{Revised, Row};
use runtime::{Cx, Permit, Success};

use super::pricing::{self, is_transient, settle};
use super::reply::{self, QuoteReply};
use super::retry::{FIRST_LOOK_DELAY, RetryMessage};
use super::row::QuoteRow;
use super::view::QuoteView;
use crate::Env;
use crate::asked::Asked;
use crate::dry_run::DryRun;

/// The caller gets a response within this time, with or without a price.
const RESPONSE_BUDGET: Duration = Duration::from_secs(25);
/// Delays a message that is sent before its row is written.
const COMMIT_DELAY: Duration = Duration::from_secs(2);
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Prices a vehicle with one funder.
///
/// The response comes within 25 seconds: the price, or 202 while attempts go on in the background.
#[utoipa::path(
    post,
    path = "/api/integration/quotes/generate",
    operation_id = "funders-quote-generate",
    request_body = QuoteRequest,
    params(
        ("dryRun" = Option<bool>, Query, description = "Returns the requests that the hub would send, and sends none"),
        ("Prefer" = Option<String>, Header, description = "`respond-async` gets 202 at once", nullable = false),
    ),
    responses(
        (status = 200, description = "With `dryRun`: the requests that the hub would send", body = Success<DryRun>),
        (status = 201, description = "Priced", body = Success<QuoteView>),
        (status = 202, description = "Still being priced; see Location", body = Success<QuoteView>),
        (status = 403, description = "Another customer's e-mail, and the caller is no agent"),
        (status = 422, description = "The funder refused the quote"),
        (status = 502, description = "The funder refused the hub's credentials, or its response is unusable"),
        (status = 503, description = "The funder failed"),
        (status = 504, description = "The funder did not respond, and retries are off"),
    )
)]
pub async fn generate(cx: Cx<Env>, request: QuoteRequest) -> Result<QuoteReply> {
    let (asked, ()) = both(asked(&cx, &request), check_age(&cx, &request))?;
    if request.dry_run {
        let shown = DryRun::of_quote(&asked, &request, QuoteId::new(cx.now()), &cx)?;
        return Ok(reply::dry_run(shown));
    }
    let id = cx.subject().map_or_else(|| QuoteId::new(cx.now()), QuoteId::from);
    let earlier = match cx.earlier() {
        Earlier::Nothing => None,
        Earlier::Unfinished | Earlier::Accepted => QuoteRow::load(cx.env.table()?, &id).await?,
    };
    let fresh = earlier.is_none();
    let row = match earlier {
        Some(row) if row.status != QuoteStatus::Pending || cx.earlier() == Earlier::Accepted => {
            let replayed = reply::replayed(&row, &request, cx.now());
            return cx.commit(Vec::new(), replayed).await;
        }
        Some(row) => row,
        None => QuoteRow::pending(id, &cx.caller.subject, &request, cx.correlation, cx.now())?,
    };
    // Before anything is written or sent: only the caller can correct these values.
    pricing::check(&asked, &row, &request)?;
    if fresh && prefers_async(&cx.headers) {
        return cx.counted(accept(&cx, &row, &request)).await;
    }
    cx.counted(ask_funder(&cx, &asked, row, &request, fresh)).await
}

/// The funder that the request names, if it takes such a quote.
fn asked(cx: &Cx<Env>, request: &QuoteRequest) -> Result<Asked> {
    let asked = Asked::of(&cx.env, &request.funder_name, request.environment)?;
    let (name, types) = (asked.funder.name(), asked.funder.quote_types());
    if !types.contains(&request.contract_details.quote_type) {
        let why = format!("is not one that {name} takes");
        return Err(Error::invalid("contractDetails.quoteType", why));
    }
    Ok(asked)
}

fn check_age(cx: &Cx<Env>, request: &QuoteRequest) -> Result<()> {
    if cx.earlier() != Earlier::Nothing {
        return Ok(());
    }
    let born = request.customer_details.date_of_birth;
    check_birth_date("customerDetails.dateOfBirth", born, cx.now())
}

pub fn permit(caller: &Caller, request: &QuoteRequest) -> Result<Permit> {
    caller.must_act_for(&request.customer_details.email)?;
    Ok(Permit::dry_if(request.dry_run))
}

fn prefers_async(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences
        .flat_map(|value| split(value, ','))
        .filter_map(|one| split(one, ';').next())
        .any(|name| name.eq_ignore_ascii_case("respond-async"))
}

/// Leaves the quote to the queue.
async fn accept(cx: &Cx<Env>, row: &QuoteRow, request: &QuoteRequest) -> Result<QuoteReply> {
    let (queue, message) = (cx.env.retry_queue()?, RetryMessage::of(row));
    let reply = reply::accepted(row, request, cx.now(), None).header(PREFERENCE_APPLIED, "respond-async");
    let writes = vec![row.create(cx.env.table()?)?];
    cx.commit_and_send(writes, reply, &queue, &message, COMMIT_DELAY).await
}

/// Writes the PENDING row while the funder prices it, then the final row together with the log rows.
async fn ask_funder(
    cx: &Cx<Env>,
    asked: &Asked,
    mut row: QuoteRow,
    request: &QuoteRequest,
    fresh: bool,
) -> Result<QuoteReply> {
    let env = &cx.env;
    let context = CallContext {
        // A repeated request has another one, and goes on with the first request's quote.
        correlation: row.correlation_id,
        clock: cx.clock,
        deadline: cx.deadline.min(cx.started + RESPONSE_BUDGET),
        background: false,
        failed_before: row.failed_attempts,
    };
    // A worker looks at the quote soon, even if this instance crashes.
    let message = RetryMessage::first_look(&row);
    let queue = env.follow_up_queue()?;
    let create = if fresh {
        vec![row.create(env.table()?)?]
    } else {
        Vec::new()
    };
    let (pending, sent, result) = tokio::join!(
        write_pending(env, create),
        queue.send(&message, FIRST_LOOK_DELAY),
        pricing::price(env, asked, &row, request, context)
    );
    if let Err(error) = pending {
        env.outbound.tracer.flush().await;
        return Err(error);
    }
    match result.price {
        Err(error) if asked.policy.enabled && is_transient(&error) => {
            row.progress = result.progress;
            row.failed_attempts += result.failed;
            // The message goes before the promise: one too many is harmless, a missing one loses the quote.
            let message = async {
                match sent {
                    Ok(()) => Ok(()),
                    Err(_) => queue.send(&message, FIRST_LOOK_DELAY).await,
                }
            };
            let (sent, ()) = tokio::join!(message, env.outbound.tracer.flush());
            sent?;
            let write = row.replace(env.table()?, cx.now())?;
            let reply = reply::accepted(&row, request, cx.now(), error.retry_after);
            cx.commit(vec![write], Ok(reply)).await
        }
        price => {
            if let Err(error) = sent {
                tracing::error!(cause = %error, quote = %row.id, "a quote will be neither listed nor announced");
            }
            let settled = settle(&mut row, price, cx.now());
            pricing::conclude(env, &row, cx.now());
            let write = row.replace(env.table()?, cx.now())?;
            let result = settled.map(|()| reply::created(&row, request, cx.now()));
            let (committed, ()) = tokio::join!(cx.commit(vec![write], result), env.outbound.tracer.flush());
            committed
        }
    }
}

async fn write_pending(env: &Env, create: Vec<Write>) -> Result<()> {
    match env.table()?.write(create).await? {
        true => Ok(()),
        false => Err(Error::new(Kind::Internal, "a new quote's id is taken")),
    }
}
