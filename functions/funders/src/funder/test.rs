//! `POST /api/integration/funders/{funderName}/test`

use std::time::Duration;

use call::Answer;
use garde::Validate;
use model::id::CorrelationId;
use model::partner::FUNDERS;
use model::quote::Environment;
use model::{Error, Kind, Result};
use runtime::port::store::{When, Write, Written};
use runtime::transport::CallContext;
use runtime::{Cx, Domain, Success};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::Env;
use crate::asked::Asked;

/// The caller gets a response within this time.
const TEST_TIMEOUT: Duration = Duration::from_secs(9);
/// Seconds between two tests of the same installation.
const TEST_INTERVAL: i64 = 60;

/// The environment to test.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderTest {
    #[garde(length(max = 40))]
    #[schema(ignore)]
    funder_name: String,
    /// The funder's environment.
    #[garde(skip)]
    environment: Environment,
}

/// The result of a funder's test.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FunderTestResult {
    /// Whether the funder answered.
    pub reachable: bool,
    /// Whether it accepted the hub's credentials.
    pub authenticated: bool,
    /// Milliseconds.
    pub latency_ms: u64,
    /// The cause of a failure: `key`, `url`, `network` or `funder`.
    #[schema(required)]
    pub reason: Option<&'static str>,
}

#[derive(Serialize)]
struct TestRow {
    /// Makes the rows of two tests in the same second differ.
    correlation: CorrelationId,
    ttl: i64,
}

/// Tests whether a funder responds and accepts the hub's credentials.
///
/// Sends a call without effect, at most once a minute for each environment.
#[utoipa::path(
    post,
    path = "/api/integration/funders/{funderName}/test",
    operation_id = "funders-funder-test",
    params(("funderName" = String, Path, description = "The funder's name")),
    request_body = FunderTest,
    responses(
        (status = 200, description = "The result of the test", body = Success<FunderTestResult>),
        (status = 404, description = "No such funder"),
        (status = 429, description = "Tested less than a minute ago"),
    )
)]
pub async fn test(cx: Cx<Env>, input: FunderTest) -> Result<Success<FunderTestResult>> {
    let env = &cx.env;
    let name = input.funder_name.as_str();
    if !FUNDERS.contains(&name) {
        return Err(Error::not_found());
    }
    let asked = Asked::of(env, name, input.environment)?.without_retries();
    limit_rate(&cx, &format!("TEST#{name}#{}", input.environment)).await?;
    let call = asked.funder.probe()?;
    let context = CallContext {
        correlation: cx.correlation,
        clock: cx.clock,
        deadline: cx.deadline.min(Instant::now() + TEST_TIMEOUT),
        background: false,
        failed_before: 0,
    };
    let begun = Instant::now();
    let read = |answer: &Answer| match answer.accepted() {
        // The funder knows us, and refused an empty request.
        Err(error) if error.kind == Kind::PartnerRejected => Ok(()),
        answer => answer.map(drop),
    };
    let answer = asked.exchange(env, context, &call, read).await;
    let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    env.outbound.tracer.flush().await;
    let message = format!("{} was tested", asked.funder.display_name());
    Ok(Success::new(diagnose(answer, latency_ms)?, message))
}

fn diagnose(answer: Result<()>, latency_ms: u64) -> Result<FunderTestResult> {
    let result = |reachable, authenticated, reason| {
        Ok(FunderTestResult {
            reachable,
            authenticated,
            latency_ms,
            reason,
        })
    };
    match answer {
        Ok(()) => result(true, true, None),
        Err(error) => match error.kind {
            Kind::PartnerAuth => result(true, false, Some("key")),
            Kind::PartnerBadResponse => result(true, false, Some("url")),
            Kind::PartnerError | Kind::PartnerThrottled => result(true, false, Some("funder")),
            Kind::PartnerUnreachable | Kind::PartnerTimeout | Kind::PartnerReset => {
                result(false, false, Some("network"))
            }
            _ => Err(error),
        },
    }
}

async fn limit_rate(cx: &Cx<Env>, installation: &str) -> Result<()> {
    let row = TestRow {
        correlation: cx.correlation,
        ttl: cx.now().as_second().saturating_add(TEST_INTERVAL),
    };
    // The row of an earlier test expires when the installation may be tested again.
    let write = Write::put(cx.env.table()?.key(installation, "TEST"), &row, When::Absent)?;
    match cx.env.store().write(vec![write]).await? {
        Written::Done => Ok(()),
        Written::Refused(_) => Err(
            Error::new(Kind::TooMany, "This environment was tested less than a minute ago.")
                .retry_after(Some(Duration::from_secs(TEST_INTERVAL.unsigned_abs()))),
        ),
    }
}
