//! Many sandboxes at once, in time that the test moves.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use http::Request;
use model::Kind;
use model::id::CorrelationId;
use partners::{Auth, Call};
use tokio::time::Instant;

use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::testing::{Play, World};
use crate::transport::{Outbound, Policy, Trip};

const RATE: usize = 5;

fn config(limit: &str) -> Config {
    [("FUNDERS_TABLE", "funders"), ("API_RATE_LIMIT", limit)]
        .into_iter()
        .collect()
}

fn target(environment: &str) -> Target {
    Target {
        partner: "LEX",
        environment: environment.into(),
        base_url: "https://partner.test".into(),
        secret: "secret".into(),
        auth: Auth::ApiKey {
            header: "x-api-key",
            secret: "KEY",
        },
        loggable: &[],
    }
}

fn call() -> Call {
    Call {
        request: Request::get("/thing").body(bytes::Bytes::new()).unwrap(),
        operation: "thing",
        repeatable: true,
    }
}

fn world(usual: Play) -> World {
    let world = World::default();
    let secret = r#"{"KEY":"not-a-real-key"}"#;
    world
        .safe
        .secrets
        .lock()
        .unwrap()
        .insert("secret".into(), secret.into());
    world.stage.script([], usual);
    world
}

/// Begins within a second, as most calls do.
fn clock() -> Clock {
    Clock::starting("2026-01-05T10:00:00.400Z".parse().unwrap())
}

async fn ask(outbound: &Outbound, limit: &str, environment: &str, clock: Clock, patience: Duration) -> Result<()> {
    let policy = Policy::load(&config(limit), "LEX").unwrap();
    let trip = Trip {
        correlation: CorrelationId::new(clock.now()),
        clock,
        deadline: Instant::now() + patience,
        unhurried: false,
    };
    let read = |answer: &partners::Answer| answer.accepted().map(drop);
    outbound
        .exchange(&target(environment), &policy, trip, &call(), read)
        .await
}

/// How many requests arrived in each second of the clock.
fn arrivals(world: &World, began: Instant, clock: Clock) -> BTreeMap<i64, usize> {
    let begin = clock.now().as_millisecond() - i64::try_from(began.elapsed().as_millis()).unwrap();
    let mut seconds = BTreeMap::new();
    for (at, _) in world.stage.seen() {
        let at = begin + i64::try_from(at.duration_since(began).as_millis()).unwrap();
        *seconds.entry(at.div_euclid(1000)).or_default() += 1;
    }
    seconds
}

#[tokio::test(start_paused = true)]
async fn all_sandboxes_together_keep_to_the_limit_and_lose_nothing() {
    let world = world(Play::answer(200, "{}"));
    let (began, clock) = (Instant::now(), clock());
    let sandboxes: Vec<Outbound> = (0..10)
        .map(|_| world.ports().outbound(&config("5"), Some("funders")))
        .collect();
    let patience = Duration::from_secs(60);
    let calls = sandboxes
        .iter()
        .flat_map(|sandbox| (0..8).map(move |_| ask(sandbox, "5", "SANDBOX", clock, patience)));
    for outcome in join_all(calls).await {
        outcome.unwrap();
    }
    let seconds = arrivals(&world, began, clock);
    assert_eq!(seconds.values().sum::<usize>(), 80);
    assert!(seconds.values().all(|count| *count == RATE), "{seconds:?}");
    assert_eq!(seconds.len(), 16);
}

#[tokio::test(start_paused = true)]
async fn retries_count_and_installations_are_counted_apart() {
    let world = world(Play::answer(500, ""));
    let clock = clock();
    let sandbox = world.ports().outbound(&config("1"), Some("funders"));
    let patience = Duration::from_secs(60);
    let (sandbox_call, live_call) = tokio::join!(
        ask(&sandbox, "1", "SANDBOX", clock, patience),
        ask(&sandbox, "1", "LIVE", clock, patience)
    );
    assert_eq!(sandbox_call.unwrap_err().kind, Kind::PartnerError);
    assert_eq!(live_call.unwrap_err().kind, Kind::PartnerError);
    let rows = world.store.table("funders");
    let count = |environment: &str| {
        let named = format!("LIMIT#LEX#{environment}#");
        let rows = rows.iter().filter(|row| row["pk"].as_s().unwrap().starts_with(&named));
        rows.map(|row| row["count"].as_n().unwrap().clone()).collect::<Vec<_>>()
    };
    assert_eq!(count("SANDBOX"), ["1"; 4], "one attempt and three retries");
    assert_eq!(count("LIVE"), ["1"; 4]);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_wait_is_told_so_and_nothing_is_sent() {
    let world = world(Play::answer(200, "{}"));
    let (began, clock) = (Instant::now(), clock());
    let sandbox = world.ports().outbound(&config("1"), Some("funders"));
    // The next second begins in 600 ms, and three more must be left then.
    let patience = Duration::from_millis(3599);
    ask(&sandbox, "1", "SANDBOX", clock, patience).await.unwrap();
    let refused = ask(&sandbox, "1", "SANDBOX", clock, patience).await.unwrap_err();
    assert_eq!(refused.kind, Kind::PartnerThrottled);
    assert_eq!(refused.retry_after, Some(Duration::from_secs(1)));
    assert_eq!((world.stage.seen().len(), began.elapsed()), (1, Duration::ZERO));
    ask(&sandbox, "1", "SANDBOX", clock, Duration::from_millis(3600))
        .await
        .unwrap();
    assert_eq!(
        (world.stage.seen().len(), began.elapsed()),
        (2, Duration::from_millis(600))
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_nothing_is_counted() {
    let world = world(Play::answer(200, "{}"));
    let sandbox = world.ports().outbound(&config(""), Some("funders"));
    for _ in 0..20 {
        ask(&sandbox, "", "SANDBOX", clock(), Duration::from_secs(5))
            .await
            .unwrap();
    }
    assert_eq!(world.store.table("funders"), []);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_limits_nothing() {
    let world = world(Play::answer(200, "{}"));
    world.store.set_down(true);
    let sandbox = world.ports().outbound(&config("1"), Some("funders"));
    for _ in 0..3 {
        ask(&sandbox, "1", "SANDBOX", clock(), Duration::from_secs(5))
            .await
            .unwrap();
    }
    assert_eq!(world.stage.seen().len(), 3);
}

#[tokio::test]
async fn a_limit_without_a_table_is_named() {
    let world = world(Play::answer(200, "{}"));
    let limit = Limit::new(world.store.clone(), None);
    let refused = limit
        .take(&target("SANDBOX"), NonZeroU32::MIN, clock().now())
        .await
        .unwrap_err();
    assert_eq!(refused.kind, Kind::Misconfigured);
    assert!(refused.message.contains("table"));
}
