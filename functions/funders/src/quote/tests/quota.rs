//! The quota: once a caller's requests of a minute are used up, the next one is refused without an effect.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, pending};
use model::{Error, Kind, Result};
use runtime::port::Ports;
use runtime::port::store::{Key, Store};
use runtime::testing::access::counted;
use runtime::testing::{Harness, Script, StoreInFront, TestResponse};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, PROPOSE, SAMPLE, harness, harness_with, priced};

/// John may send three quotes a minute.
fn limited() -> Harness<Env> {
    let h = harness_with(&[("QUOTA_PER_MINUTE", "3")]);
    h.fakes.transport.script([], priced());
    h
}

async fn quote(h: &Harness<Env>) -> TestResponse {
    h.post(GENERATE, SAMPLE).await
}

async fn statuses(h: &Harness<Env>, number: usize) -> Vec<i64> {
    let mut statuses = Vec::new();
    for _ in 0..number {
        statuses.push(quote(h).await.status);
    }
    statuses
}

#[tokio::test(start_paused = true)]
async fn the_request_over_the_quota_is_refused_and_changes_nothing() {
    let h = limited();
    assert_eq!(statuses(&h, 3).await, [201; 3]);
    tokio::time::advance(Duration::from_secs(18)).await;
    let before = h.fakes.state();
    for key in ["one", "two"] {
        let refused = h.post(GENERATE, SAMPLE).key(key).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "too-many"));
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
        assert_eq!(
            (refused.header("retry-after"), refused.json()["retryAfter"].as_u64()),
            (Some("42"), Some(42))
        );
        assert_eq!(refused.json()["retryable"], true);
    }
    assert_eq!(h.fakes.state(), before);
    let jane = h.as_person("jane", "john.doe@example.com", &[]);
    assert_eq!(
        statuses(&jane, 4).await,
        [201, 201, 201, 429],
        "another caller has a quota of their own"
    );
    let quote = h.priced_quote("LEX");
    let body = serde_json::json!({"quoteId": quote.id});
    assert_eq!(
        h.post(PROPOSE, body).await.status,
        202,
        "another function counts for itself"
    );
}

#[tokio::test(start_paused = true)]
async fn each_minute_begins_anew() {
    let h = limited();
    assert_eq!(statuses(&h, 4).await, [201, 201, 201, 429]);
    tokio::time::advance(Duration::from_secs(59)).await;
    let refused = quote(&h).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(statuses(&h, 4).await, [201, 201, 201, 429]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_lets_at_most_one_request_through_too_many() {
    let h = limited();
    let instances: Vec<_> = (0..5).map(|_| h.instance()).collect();
    let mut accepted = Vec::new();
    for _ in 0..4 {
        for instance in &instances {
            accepted.push(quote(instance).await.status == 201);
        }
    }
    // The third request is the last within the quota. Its instance knows that, and each of the others learns it with one more.
    assert_eq!(accepted.iter().filter(|one| **one).count(), 3 + 4);
    let (first, rest) = accepted.split_at(7);
    assert!(first.iter().filter(|one| !**one).count() == 0, "{accepted:?}");
    assert!(!rest.contains(&true), "{accepted:?}");
    assert_eq!(h.calls().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_flood_reaches_the_funder_no_oftener_than_the_quota() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let statuses = statuses(&h, 300).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 60);
    assert_eq!((h.calls().len(), h.quotes().len(), counted(&h)), (60, 60, 60));
}

#[tokio::test(start_paused = true)]
async fn an_agent_has_ten_times_the_quota_of_a_customer() {
    let h = limited();
    let agent = h.as_person("agent", "agent@example.com", &["agent"]);
    let mut expected = [201; 31];
    expected[30] = 429;
    assert_eq!(statuses(&agent, 31).await, expected);
    let staff = h.as_person("staff", "john.doe@example.com", &["staff"]);
    assert_eq!(statuses(&staff, 4).await, [201, 201, 201, 429]);
}

#[tokio::test(start_paused = true)]
async fn what_calls_no_funder_does_not_count() {
    let h = limited();
    let first = h.post(GENERATE, SAMPLE).key("one").await;
    for _ in 0..5 {
        let again = h.post(GENERATE, SAMPLE).key("one").await;
        assert_eq!(
            (again.status, again.header("idempotent-replayed")),
            (first.status, Some("true"))
        );
        assert_eq!(h.post(&format!("{GENERATE}?dryRun=true"), SAMPLE).await.status, 200);
        assert_eq!(
            h.post(GENERATE, SAMPLE.replace("\"LEX\"", "\"ACME\"")).await.status,
            422
        );
    }
    assert_eq!(counted(&h), 1);
    h.fakes.transport.script([], Script::answer(500, ""));
    for _ in 0..5 {
        assert_eq!(h.post(GENERATE, SAMPLE).key("two").await.status, 202);
    }
    assert_eq!((counted(&h), statuses(&h, 2).await), (2, vec![202, 429]));
    // To look for the key's response costs a round trip.
    assert_eq!(h.post(GENERATE, SAMPLE).key("one").await.status, 429);
}

/// A store that fails to count, at once or by never answering.
struct Uncounting {
    store: Arc<dyn Store>,
    hangs: bool,
}

impl StoreInFront for Uncounting {
    fn behind(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn count<'a>(&'a self, _: &'a Key, _: Option<i64>) -> BoxFuture<'a, Result<u64>> {
        if self.hangs {
            return Box::pin(pending());
        }
        Box::pin(async { Err(Error::new(Kind::Unavailable, "throttled")) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_counter_fails_no_quote_and_delays_none_for_long() {
    for hangs in [false, true] {
        let h = limited().ports(move |ports| Ports {
            store: Arc::new(Uncounting {
                store: ports.store,
                hangs,
            }),
            ..ports
        });
        let began = h.now();
        assert_eq!(statuses(&h, 5).await, [201; 5]);
        assert!(h.now().duration_since(began).as_millis() <= 5 * 500);
    }
}
