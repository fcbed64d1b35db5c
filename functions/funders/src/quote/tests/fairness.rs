//! Two funders, ten workers and one queue: a silent funder must not starve the other.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use model::quote::QuoteStatus;
use runtime::testing::{Harness, Script};
use tokio::time::Instant;

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, SAMPLE, good, harness, harness_with, sample};

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

/// The queue `retry` and its workers.
struct Queue {
    h: Harness<Env>,
    started: Instant,
    /// Messages, each with the time of its delivery.
    waiting: Vec<(Instant, String)>,
    running: FuturesUnordered<BoxFuture<'static, Option<bool>>>,
}

impl Queue {
    fn new(h: Harness<Env>) -> Self {
        Self {
            h,
            started: Instant::now(),
            waiting: Vec::new(),
            running: FuturesUnordered::new(),
        }
    }

    /// Lets the workers run until this is so. How long that took since the start.
    async fn run_until(&mut self, is_done: impl Fn(&Harness<Env>) -> bool) -> Duration {
        while !is_done(&self.h) {
            let now = Instant::now();
            assert!(self.started.elapsed() < Duration::from_secs(20 * 60), "it never ends");
            let sent = self.h.fakes.queue.take().into_iter();
            self.waiting.extend(sent.map(|sent| {
                assert_eq!(sent.url, "retry");
                (now + sent.delay, sent.body)
            }));
            self.waiting.sort_by_key(|(at, _)| *at);
            while self.running.len() < WORKERS && self.waiting.first().is_some_and(|(at, _)| *at <= now) {
                let (_, body) = self.waiting.remove(0);
                let worker = self.h.instance();
                self.running.push(Box::pin(
                    async move { worker.deliver("funders-quote-retry", &body).await },
                ));
            }
            let next = self.waiting.first().filter(|_| self.running.len() < WORKERS);
            let next = next.map_or(now + Duration::from_secs(3600), |(at, _)| *at);
            tokio::select! {
                biased;
                Some(done) = self.running.next(), if !self.running.is_empty() => assert_eq!(done, Some(true)),
                () = tokio::time::sleep_until(next) => {}
            }
        }
        self.started.elapsed()
    }
}

/// The time in which 10 quotes of LEX are priced behind 60 of ALPHABET, which is silent.
async fn lex_behind_alphabet(share: &str) -> (Queue, Duration) {
    let h = harness_with(&[("QUOTE_RETRY_SHARE", share)]);
    h.fakes.transport.script([], silent_alphabet());
    accepted(&h, "ALPHABET", 60).await;
    accepted(&h, "LEX", 10).await;
    let mut queue = Queue::new(h);
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
    assert_eq!(codes, ["funder-throttled", "funder-timeout"]);
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
