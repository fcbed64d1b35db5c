//! Two receivers, five workers with batches of ten: a slow receiver must not starve the other.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{FuturesUnordered, StreamExt};
use runtime::testing::Script;

use super::*;

const WORKERS: usize = 5;
const BATCH: usize = 10;
const SLOW_URL: &str = "https://slow.example.com/in";

/// The queue with messages, each with the time of its delivery, and its workers.
struct Queue {
    h: Harness<Env>,
    started: Instant,
    waiting: Vec<(Instant, String)>,
    running: FuturesUnordered<BoxFuture<'static, bool>>,
}

impl Queue {
    async fn run_until(&mut self, is_done: impl Fn(&Harness<Env>) -> bool) -> Duration {
        while !is_done(&self.h) {
            let now = Instant::now();
            assert!(
                self.started.elapsed() < Duration::from_secs(2 * 60 * 60),
                "it never ends"
            );
            let sent = self.h.fakes.queue.take().into_iter();
            self.waiting.extend(sent.map(|sent| (now + sent.delay, sent.body)));
            self.waiting.sort_by_key(|(at, _)| *at);
            while self.running.len() < WORKERS && self.waiting.first().is_some_and(|(at, _)| *at <= now) {
                let due = self.waiting.iter().take(BATCH).filter(|(at, _)| *at <= now).count();
                let batch: Vec<(Instant, String)> = self.waiting.drain(..due).collect();
                let h = self.h.instance();
                self.running.push(Box::pin(async move {
                    let each = batch.iter().map(|(_, body)| deliver(&h, body));
                    join_all(each).await.into_iter().all(|done| done)
                }));
            }
            let next = self.waiting.first().filter(|_| self.running.len() < WORKERS);
            let next = next.map_or(now + Duration::from_secs(3600), |(at, _)| *at);
            tokio::select! {
                biased;
                Some(done) = self.running.next(), if !self.running.is_empty() => assert!(done),
                () = tokio::time::sleep_until(next) => {}
            }
        }
        self.started.elapsed()
    }
}

fn of<'a>(rows: &'a [DeliveryRow], subscription: &str) -> Vec<&'a DeliveryRow> {
    let of = |row: &&DeliveryRow| row.subscription_id.to_string() == subscription;
    rows.iter().filter(of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_slow_receiver_does_not_starve_another() {
    let h = harness();
    h.fakes.transport.script(
        [],
        Script::By(|request| match request.uri().host() {
            Some("slow.example.com") => Script::Late(Duration::from_secs(9), Box::new(Script::answer(204, ""))),
            _ => Script::answer(204, ""),
        }),
    );
    let (slow, _) = subscribe(&h, SLOW_URL, &["quote.generated"]).await;
    for number in 0..300 {
        assert!(deliver(&h, &event(number)).await);
    }
    let (quick, _) = subscribe(&h, URL, &["quote.generated"]).await;
    assert_eq!(h.fakes.queue.sent().len(), 300);
    for number in 300..310 {
        assert!(deliver(&h, &event(number)).await);
    }
    let delivered = |h: &Harness<Env>, subscription: &str| {
        let rows = delivery_rows(h);
        let rows = of(&rows, subscription).into_iter();
        rows.filter(|row| row.status == DeliveryStatus::Delivered).count()
    };
    let (started, waiting) = (Instant::now(), Vec::new());
    let mut queue = Queue {
        h,
        started,
        waiting,
        running: FuturesUnordered::new(),
    };
    let took = queue.run_until(|h| delivered(h, &quick) == 10).await;
    assert!(took < Duration::from_secs(15), "{took:?}");
    queue.run_until(|h| delivered(h, &slow) == 310).await;
    assert_eq!(attempts(&queue.h).len(), 320, "one attempt at each");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_quick_again_gets_every_worker_after_five_minutes() {
    let h = harness();
    let late = Script::Late(Duration::from_secs(5), Box::new(Script::answer(204, "")));
    h.fakes.transport.script([late], Script::answer(204, ""));
    let (_, _, message) = begin(&h).await;
    assert!(deliver(&h, &message).await);
    let places = |h: &Harness<Env>| {
        let rows = h.fakes.store.table("deliveries").into_iter();
        rows.filter(|row| row["pk"].as_s().unwrap().starts_with("SHARE#"))
            .count()
    };
    for (number, pause, taken) in [(2, 0, true), (3, 301, false)] {
        tokio::time::advance(Duration::from_secs(pause)).await;
        assert!(deliver(&h, &event(number)).await);
        let before = places(&h);
        let message = h.fakes.queue.take().remove(0);
        assert!(deliver(&h, &message.body).await);
        assert_eq!(places(&h) > before, taken, "{number}");
    }
}
