use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::partner::{FUNDERS, PARTNERS};
use runtime::port::store::{Store, item};
use runtime::testing::{Fault, Harness};
use serde_json::{Value, json};

use crate::Env;
use crate::log::fixtures::LoggedCall;
use crate::testing::harness;

/// As staff see it. Both paths give the same response.
async fn health(h: &Harness<Env>) -> Value {
    // One that has read nothing yet.
    let h = h.instance().as_staff();
    let got = h.get("/health").await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert_eq!(h.get("/api/health").await.text, got.text);
    got.json()
}

/// The members of the first partner's health.
async fn shown(h: &Harness<Env>) -> Vec<String> {
    let got = h.get("/health").await;
    assert_eq!(got.status, 200, "{}", got.text);
    let health = got.json();
    health["partners"][0].as_object().unwrap().keys().cloned().collect()
}

async fn call(h: &Harness<Env>, at: &str, status: &'static str) {
    let call = LoggedCall {
        status,
        ..LoggedCall::at(at)
    };
    call.write(h).await;
}

/// The health of the first funder's first environment, which is the log fixtures' own.
async fn first(h: &Harness<Env>) -> Value {
    let health = health(h).await;
    assert_eq!(health["funders"][0], health["partners"][0]);
    health["funders"][0].clone()
}

#[tokio::test(start_paused = true)]
async fn the_last_hour_decides() {
    let h = harness();
    let unknown = json!({
        "name": "LEX", "environment": "SANDBOX", "connectivity": "unknown", "calls": 0, "failures": 0,
    });
    assert_eq!(first(&h).await, unknown);
    call(&h, "2026-01-05T08:59:00Z", "SUCCESS").await;
    assert_eq!(first(&h).await, unknown, "older than an hour");
    for (at, status, connectivity, calls, failures) in [
        ("2026-01-05T09:30:00Z", "FAILED", "down", 1, 1),
        ("2026-01-05T10:01:00Z", "SUCCESS", "up", 2, 1),
        ("2026-01-05T10:02:00Z", "RETRY", "degraded", 3, 2),
    ] {
        call(&h, at, status).await;
        let found = first(&h).await;
        assert_eq!(
            (&found["connectivity"], &found["calls"], &found["failures"]),
            (&json!(connectivity), &json!(calls), &json!(failures))
        );
    }
    let before = first(&h).await;
    let conclusion = LoggedCall {
        operation: "conclusion",
        status: "FAILED",
        ..LoggedCall::at("2026-01-05T10:03:00Z")
    };
    conclusion.write(&h).await;
    assert_eq!(first(&h).await, before, "no request left");
}

#[tokio::test(start_paused = true)]
async fn every_partner_is_listed_and_funders_also_by_themselves() {
    let h = harness();
    let upstream = LoggedCall {
        partner: "BQS",
        environment: "UPSTREAM",
        ..LoggedCall::at("2026-01-05T10:00:00Z")
    };
    upstream.write(&h).await;
    let health = health(&h).await;
    let names = |list: &str| -> Vec<(String, String)> {
        let text = |row: &Value, member: &str| row[member].as_str().unwrap().to_owned();
        let rows = health[list].as_array().unwrap().iter();
        rows.map(|row| (text(row, "name"), text(row, "environment"))).collect()
    };
    let known = PARTNERS.iter().flat_map(|partner| {
        let each = partner.environments.iter();
        each.map(|environment| (partner.name.to_owned(), (*environment).to_owned()))
    });
    let known: Vec<_> = known.collect();
    assert_eq!(names("partners"), known);
    let is_funder = |(name, _): &(String, String)| FUNDERS.contains(&name.as_str());
    assert_eq!(
        names("funders"),
        known.iter().filter(|lane| is_funder(lane)).cloned().collect::<Vec<_>>()
    );
    let mut partners = health["partners"].as_array().unwrap().iter();
    let bqs = partners.find(|row| row["name"] == "BQS").unwrap();
    assert_eq!(
        (&bqs["connectivity"], &bqs["lastSuccessAt"]),
        (&json!("up"), &json!("2026-01-05T10:00:00.000Z"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_down_does_not_take_health_down() {
    let h = harness();
    h.fakes.store.set_down(true);
    let health = health(&h).await;
    assert_eq!(health["status"], "ok");
    for list in ["funders", "partners"] {
        let rows = health[list].as_array().unwrap();
        assert!(rows.iter().all(|row| row["connectivity"] == "unknown"), "{list}");
    }
}

#[tokio::test(start_paused = true)]
async fn counts_and_times_are_for_staff() {
    let h = harness();
    call(&h, "2026-01-05T10:00:00Z", "SUCCESS").await;
    let words = ["connectivity", "environment", "name"];
    assert_eq!(shown(&h.anonymous()).await, words);
    assert_eq!(shown(&h.as_customer()).await, words);
    assert_eq!(shown(&h.as_bearer("Bearer nonsense")).await, words);
    let all = [
        "calls",
        "connectivity",
        "environment",
        "failures",
        "lastSuccessAt",
        "name",
    ];
    assert_eq!(shown(&h.as_staff()).await, all);
    assert_eq!(shown(&h.as_admin()).await, all);
}

/// Counts the steps of the ports: two for each query.
#[derive(Default)]
struct CountedSteps(AtomicU32);

impl Fault for CountedSteps {
    fn step(&self) -> BoxFuture<'_, ()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async {})
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_is_read_every_15_seconds_at_most() {
    let h = harness();
    let steps = Arc::new(CountedSteps::default());
    let public = h.faulty(steps.clone()).anonymous();
    let queries = || steps.0.load(Ordering::Relaxed) / 2;
    let lanes: u32 = PARTNERS
        .iter()
        .map(|partner| u32::try_from(partner.environments.len()).unwrap())
        .sum();
    shown(&public).await;
    let once = queries();
    assert_eq!(once, 2 * lanes, "two hours of each");
    call(&h, "2026-01-05T10:20:00Z", "SUCCESS").await;
    for _ in 0..14 {
        tokio::time::advance(Duration::from_secs(1)).await;
        shown(&public).await;
        shown(&public.as_staff()).await;
    }
    assert_eq!(queries(), once);
    tokio::time::advance(Duration::from_secs(1)).await;
    let got = public.get("/health").await;
    assert_eq!(
        (queries(), &got.json()["partners"][0]["connectivity"]),
        (2 * once, &json!("up"))
    );
}

#[tokio::test(start_paused = true)]
async fn three_members_of_a_call_are_read() {
    let h = harness();
    let row = json!({
        "pk": "LEX#SANDBOX#2026-01-05T10", "sk": "019b8dd2-6a00-7000-8000-000000000001", "operation": "quote",
        "status": "SUCCESS", "createdAt": "2026-01-05T10:19:00Z", "ttl": 4_000_000_000_u32,
    });
    h.fakes.store.append("log", vec![item(&row).unwrap()]).await.unwrap();
    assert_eq!(first(&h).await["connectivity"], "up");
}
