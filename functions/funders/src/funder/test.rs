//! `POST /api/integration/funders/{funderName}/test`

use std::time::Duration;

use garde::Validate;
use model::id::CorrelationId;
use model::quote::Environment;
use model::{Error, Kind, Result};
use partners::Answer;
use runtime::problem::Problem;
use runtime::store::{Key, Outcome, When, Write};
use runtime::transport::Trip;
use runtime::{Cx, Domain, Success};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::Env;

/// Whoever asks is answered within this time.
const PATIENCE: Duration = Duration::from_secs(9);
/// Seconds between two tests of the same installation.
const PAUSE: i64 = 60;

#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FunderTest)]
pub struct Which {
    #[garde(length(max = 40))]
    #[schema(ignore)]
    funder_name: String,
    #[garde(skip)]
    environment: Environment,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tested {
    pub reachable: bool,
    pub authenticated: bool,
    /// Milliseconds.
    pub latency_ms: u64,
    /// What is wrong: `key`, `url`, `network` or `funder`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Row {
    /// Seconds since the epoch.
    tested_at: i64,
    /// Makes this row another than the one of a second call in the same second.
    correlation: CorrelationId,
    ttl: i64,
}

/// Does a funder answer, and does it know us?
///
/// Sends a call without effect. Once a minute for each installation.
#[utoipa::path(
    post,
    path = "/api/integration/funders/{funderName}/test",
    operation_id = "funders-funder-test",
    tag = "funders",
    params(("funderName" = String, Path, description = "The funder's name")),
    request_body = Which,
    responses(
        (status = 200, description = "What the test found", body = Success<Tested>),
        (status = 400, description = "Malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such funder", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 1 MiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Invalid", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Tested less than a minute ago", body = Problem, content_type = "application/problem+json"),
        (status = 500, description = "Misconfigured, or a defect", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Our storage failed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []))
)]
pub async fn test(cx: Cx<Env>, which: Which) -> Result<Success<Tested>> {
    cx.caller.must_be_admin()?;
    let env = &cx.env;
    let funder = partners::funder(&which.funder_name).ok_or_else(Error::not_found)?;
    let target = env.target(funder, which.environment)?;
    once_a_minute(&cx, &format!("TEST#{}#{}", funder.name(), which.environment)).await?;
    let call = funder.probe()?;
    let policy = env.policy(funder)?.once();
    let trip = Trip {
        correlation: cx.correlation,
        clock: cx.clock,
        deadline: cx.deadline.min(Instant::now() + PATIENCE),
        unhurried: false,
    };
    let begun = Instant::now();
    let read = |answer: &Answer| match answer.accepted() {
        // It understood who we are and that nothing was asked.
        Err(error) if error.kind == Kind::PartnerRejected => Ok(()),
        answer => answer.map(drop),
    };
    let answer = env.outbound.exchange(&target, &policy, trip, &call, read).await;
    let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    env.outbound.tracer.flush().await;
    Ok(Success::new(
        verdict(answer, latency_ms)?,
        format!("{} was tested", funder.display_name()),
    ))
}

fn verdict(answer: Result<()>, latency_ms: u64) -> Result<Tested> {
    let tested = |reachable, authenticated, reason| {
        Ok(Tested {
            reachable,
            authenticated,
            latency_ms,
            reason,
        })
    };
    match answer {
        Ok(()) => tested(true, true, None),
        Err(error) => match error.kind {
            Kind::PartnerAuth => tested(true, false, Some("key")),
            Kind::PartnerBadResponse => tested(true, false, Some("url")),
            Kind::PartnerError | Kind::PartnerThrottled => tested(true, false, Some("funder")),
            Kind::PartnerUnreachable | Kind::PartnerTimeout => tested(false, false, Some("network")),
            _ => Err(error),
        },
    }
}

async fn once_a_minute(cx: &Cx<Env>, what: &str) -> Result<()> {
    let now = cx.now().as_second();
    let row = Row {
        tested_at: now,
        correlation: cx.correlation,
        ttl: now + PAUSE,
    };
    let free = When::Any(vec![When::Absent, When::Below("tested_at", now - PAUSE + 1)]);
    let write = Write::put(Key::new(cx.env.table()?, what, Some("TEST")), &row, free)?;
    match cx.env.store().write(vec![write]).await? {
        Outcome::Done => Ok(()),
        Outcome::Refused(_) => Err(
            Error::new(Kind::TooMany, "This installation was tested less than a minute ago.")
                .retry_after(Some(Duration::from_secs(PAUSE.unsigned_abs()))),
        ),
    }
}
