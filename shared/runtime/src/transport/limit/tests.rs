//! Many instances at once, in virtual time.

use std::collections::BTreeMap;

use call::{Auth, Call};
use futures_util::future::join_all;
use http::Request;
use model::Kind;
use model::id::CorrelationId;
use tokio::time::Instant;

use super::*;
use crate::port::clock::Clock;
use crate::port::config::Config;
use crate::testing::{Fakes, Script};
use crate::transport::{CallContext, Outbound, Policy};

const RATE: usize = 5;

fn config(limit: &str) -> Config {
    [("FUNDERS_TABLE", "funders"), ("API_RATE_LIMIT", limit)]
        .into_iter()
        .collect()
}

fn target(environment: &str) -> Target {
    let auth = Auth::ApiKey {
        header: "x-api-key",
        secret: "KEY",
    };
    Target::new("LEX", environment, "https://partner.test", "secret", auth)
}

fn call() -> Call {
    Call {
        request: Request::get("/thing").body(bytes::Bytes::new()).unwrap(),
        operation: "thing",
        repeatable: true,
        subject: None,
    }
}

fn fakes(usual: Script) -> Fakes {
    let fakes = Fakes::default();
    let secret = r#"{"KEY":"not-a-real-key"}"#;
    fakes
        .secrets
        .secrets
        .lock()
        .unwrap()
        .insert("secret".into(), secret.into());
    fakes.transport.script([], usual);
    fakes
}

/// Begins within a second, as most calls do.
fn clock() -> Clock {
    Clock::starting("2026-01-05T10:00:00.400Z".parse().unwrap())
}

async fn ask(outbound: &Outbound, limit: &str, environment: &str, clock: Clock, time_left: Duration) -> Result<()> {
    let policy = Policy::load(&config(limit), "LEX").unwrap();
    let context = CallContext {
        correlation: CorrelationId::new(clock.now()),
        clock,
        deadline: Instant::now() + time_left,
        background: false,
        failed_before: 0,
    };
    let read = |answer: &call::Answer| answer.accepted().map(drop);
    outbound
        .exchange(&target(environment), &policy, context, &call(), read)
        .await
}

/// How many requests arrived in each second of the clock.
fn arrivals(fakes: &Fakes, began: Instant, clock: Clock) -> BTreeMap<i64, usize> {
    let begin = clock.now().as_millisecond() - i64::try_from(began.elapsed().as_millis()).unwrap();
    let mut seconds = BTreeMap::new();
    for (at, _) in fakes.transport.seen() {
        let at = begin + i64::try_from(at.duration_since(began).as_millis()).unwrap();
        *seconds.entry(at.div_euclid(1000)).or_default() += 1;
    }
    seconds
}

#[tokio::test(start_paused = true)]
async fn all_instances_together_keep_to_the_limit_and_lose_nothing() {
    let fakes = fakes(Script::answer(200, "{}"));
    let (began, clock) = (Instant::now(), clock());
    let instances: Vec<Outbound> = (0..10)
        .map(|_| Outbound::new(&fakes.ports(), &config("5"), Some("funders")))
        .collect();
    let time_left = Duration::from_secs(60);
    let calls = instances
        .iter()
        .flat_map(|instance| (0..8).map(move |_| ask(instance, "5", "SANDBOX", clock, time_left)));
    for outcome in join_all(calls).await {
        outcome.unwrap();
    }
    let seconds = arrivals(&fakes, began, clock);
    assert_eq!(seconds.values().sum::<usize>(), 80);
    assert!(seconds.values().all(|count| *count == RATE), "{seconds:?}");
    assert_eq!(seconds.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn retries_count_and_installations_are_counted_apart() {
    let fakes = fakes(Script::answer(500, ""));
    let clock = clock();
    let instance = Outbound::new(&fakes.ports(), &config("1"), Some("funders"));
    let time_left = Duration::from_secs(60);
    let (first_call, live_call) = tokio::join!(
        ask(&instance, "1", "SANDBOX", clock, time_left),
        ask(&instance, "1", "LIVE", clock, time_left)
    );
    assert_eq!(first_call.unwrap_err().kind, Kind::PartnerError);
    assert_eq!(live_call.unwrap_err().kind, Kind::PartnerError);
    let rows = fakes.store.table("funders");
    let count = |environment: &str| {
        let named = format!("LIMIT#LEX#{environment}#");
        let rows = rows.iter().filter(|row| row["pk"].as_s().unwrap().starts_with(&named));
        rows.map(|row| row["count"].as_n().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(count("SANDBOX"), ["1"; 4], "one attempt and three retries");
    assert_eq!(count("LIVE"), ["1"; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_time_to_wait_is_refused_and_nothing_is_sent() {
    let fakes = fakes(Script::answer(200, "{}"));
    let (began, clock) = (Instant::now(), clock());
    let instance = Outbound::new(&fakes.ports(), &config("1"), Some("funders"));
    // The next second begins in 600 ms, and three more must be left then.
    let time_left = Duration::from_millis(3599);
    ask(&instance, "1", "SANDBOX", clock, time_left).await.unwrap();
    let refused = ask(&instance, "1", "SANDBOX", clock, time_left).await.unwrap_err();
    assert_eq!(refused.kind, Kind::PartnerThrottled);
    assert_eq!(refused.retry_after, Some(Duration::from_secs(1)));
    assert_eq!((fakes.transport.seen().len(), began.elapsed()), (1, Duration::ZERO));
    ask(&instance, "1", "SANDBOX", clock, Duration::from_millis(3600))
        .await
        .unwrap();
    assert_eq!(
        (fakes.transport.seen().len(), began.elapsed()),
        (2, Duration::from_millis(600))
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_is_counted() {
    let fakes = fakes(Script::answer(200, "{}"));
    let instance = Outbound::new(&fakes.ports(), &config(""), Some("funders"));
    for _ in 0..20 {
        ask(&instance, "", "SANDBOX", clock(), Duration::from_secs(5))
            .await
            .unwrap();
    }
    assert_eq!(fakes.store.table("funders"), []);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_limits_nothing() {
    let fakes = fakes(Script::answer(200, "{}"));
    fakes.store.set_down(true);
    let instance = Outbound::new(&fakes.ports(), &config("1"), Some("funders"));
    for _ in 0..3 {
        ask(&instance, "1", "SANDBOX", clock(), Duration::from_secs(5))
            .await
            .unwrap();
    }
    assert_eq!(fakes.transport.seen().len(), 3);
}

#[tokio::test]
async fn a_limit_without_a_table_is_named() {
    let fakes = fakes(Script::answer(200, "{}"));
    let limit = Limit::new(fakes.store.clone(), None);
    let refused = limit
        .take(&target("SANDBOX"), NonZeroU32::MIN, clock().now())
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Misconfigured);
    assert!(refused.message.contains("table"));
}
