//! Two funders, ten workers and one queue: a silent funder must not starve the other.

use std::time::Duration;

use model::quote::{Environment, QuoteStatus};
use runtime::testing::{Harness, Script};
use runtime::transport::Target;

use super::table::wait;
use crate::Env;
use crate::asked::Asked;
use crate::env::QUOTE_WORKERS;
use crate::testing::{FundersHarness, GENERATE, QueueOfWorkers, SAMPLE, good, harness, harness_with, sample};

const WORKERS: usize = 10;

/// ALPHABET never answers, and LEX takes a second.
fn silent_alphabet() -> Script {
    Script::By(|request| {
        let time = match request.uri().host() {
            Some("alphabet.test") => 3600,
            _ => 1,
        };
        Script::Late(Duration::from_secs(time), Box::new(good()))
    })
}

async fn accepted(h: &Harness<Env>, funder: &str, quotes: usize) {
    for _ in 0..quotes {
        let got = h.post(GENERATE, sample(funder)).header("prefer", "respond-async").await;
        assert_eq!(got.status, 202, "{}", got.text);
    }
}

fn priced(h: &Harness<Env>, funder: &str) -> usize {
    let quotes = h.quotes().into_iter();
    quotes
        .filter(|quote| quote.funder_name == funder && quote.status == QuoteStatus::Generated)
        .count()
}

/// The time in which 10 quotes of LEX are priced behind 60 of ALPHABET, which is silent.
async fn lex_behind_alphabet(share: &str) -> (QueueOfWorkers, Duration) {
    let h = harness_with(&[("QUOTE_RETRY_SHARE", share), ("QUOTA_PER_MINUTE", "999")]);
    h.fakes.transport.script([], silent_alphabet());
    accepted(&h, "ALPHABET", 60).await;
    accepted(&h, "LEX", 10).await;
    let mut queue = QueueOfWorkers::new(h, "retry", "funders-quote-retry", WORKERS);
    let took = queue.run_until(|h| priced(h, "LEX") == 10).await;
    (queue, took)
}

#[tokio::test(start_paused = true)]
async fn a_silent_funder_does_not_starve_another() {
    let (mut queue, took) = lex_behind_alphabet("4").await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    let failed = |h: &Harness<Env>| {
        let quotes = h.quotes().into_iter();
        quotes.filter(|quote| quote.status == QuoteStatus::Failed).count() == 60
    };
    let took = queue.run_until(failed).await;
    assert!(
        took <= Duration::from_secs(15 * 60 + 60),
        "they end as all others: {took:?}"
    );
    let codes = queue.h.quotes().into_iter().filter_map(|quote| quote.failure);
    let mut codes: Vec<String> = codes.map(|failure| failure.code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes, ["funder-timeout"]);
    assert_eq!(queue.h.fakes.bus.published().len(), 70, "each has its event");
}

/// The bound above holds because of the share.
#[tokio::test(start_paused = true)]
async fn without_a_share_a_silent_funder_occupies_every_worker() {
    let (_, took) = lex_behind_alphabet("20").await;
    assert!(took > Duration::from_secs(45), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn the_first_look_does_not_wait_behind_attempts() {
    let h = harness();
    h.fakes.transport.script([], good());
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 201);
    let sent = h.fakes.queue.take();
    assert_eq!((sent.len(), sent[0].url.as_str()), (1, "follow-up"));
    assert_eq!(h.deliver("funders-quote-follow-up", &sent[0].body).await, Some(true));
    assert_eq!((h.list("QUOTES#2024-12").len(), h.fakes.bus.published().len()), (1, 1));
    assert!(h.fakes.queue.sent().is_empty());

    h.fakes.transport.script([], Script::answer(500, ""));
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 202);
    h.first_look().await;
    let sent = h.fakes.queue.take();
    assert_eq!((sent.len(), sent[0].url.as_str()), (1, "retry"));
    assert!(sent[0].body.ends_with(r#""attempt":1}"#), "{}", sent[0].body);
}

#[tokio::test(start_paused = true)]
async fn a_first_look_from_before_the_upgrade_is_still_done() {
    let h = harness();
    h.fakes.transport.script([], good());
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 201);
    let sent = h.fakes.queue.take().remove(0);
    assert!(h.retry(&sent.body, 1).await);
    assert_eq!((h.list("QUOTES#2024-12").len(), h.fakes.bus.published().len()), (1, 1));
}

/// How many slow attempts in a row are counted.
fn slow_attempts(h: &Harness<Env>) -> Vec<u64> {
    let rows = h.rows::<serde_json::Value>("SLOW").into_iter();
    rows.map(|row| row["count"].as_u64().unwrap()).collect()
}

fn target(env: &Env) -> Target {
    Asked::of(env, "LEX", Environment::Sandbox).unwrap().target
}

async fn messages(h: &Harness<Env>, quotes: usize) -> Vec<String> {
    accepted(h, "LEX", quotes).await;
    h.fakes.queue.take().into_iter().map(|sent| sent.body).collect()
}

#[tokio::test(start_paused = true)]
async fn a_wait_at_the_gate_makes_no_funder_slow() {
    let h = harness();
    h.fakes.transport.script([wait(429, "7")], good());
    let messages = messages(&h, 2).await;
    assert!(h.retry(&messages[0], 1).await);
    let began = h.now();
    assert!(h.retry(&messages[1], 1).await);
    assert!(h.now().duration_since(began).as_secs() >= 6);
    assert_eq!((priced(&h, "LEX"), slow_attempts(&h)), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_the_gate_refuses_is_no_quick_call() {
    let h = harness();
    let slow = Script::Late(Duration::from_secs(6), Box::new(wait(429, "60")));
    h.fakes.transport.script([slow], good());
    let messages = messages(&h, 2).await;
    assert!(h.retry(&messages[0], 1).await);
    assert_eq!(slow_attempts(&h), [1]);
    assert!(h.retry(&messages[1], 1).await);
    assert_eq!((h.calls().len(), slow_attempts(&h)), (1, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn a_quote_that_gets_no_worker_does_not_blame_the_funder() {
    let h = harness_with(&[("QUOTE_RETRY_SHARE", "1")]);
    let messages = messages(&h, 1).await;
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    let env = h.env();
    let group = format!("{}#{}", QUOTE_WORKERS.queue, target(&env).id());
    let share = env.share(&QUOTE_WORKERS, &group).unwrap();
    assert!(share.take(h.now()).await.unwrap().is_some());
    assert!(h.retry(&messages[0], 1).await);
    let failure = h.quote().failure.unwrap();
    assert_eq!((failure.code.as_str(), h.calls().len()), ("unavailable", 0));
    assert!(failure.to_error().kind.rule().retryable);
}
