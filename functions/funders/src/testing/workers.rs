//! A queue and its workers, in virtual time.

use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use runtime::testing::Harness;
use tokio::time::Instant;

use crate::Env;

pub struct QueueOfWorkers {
    pub h: Harness<Env>,
    queue: &'static str,
    worker: &'static str,
    workers: usize,
    started: Instant,
    /// Messages, each with the time of its delivery.
    waiting: Vec<(Instant, String)>,
    running: FuturesUnordered<BoxFuture<'static, Option<bool>>>,
}

impl QueueOfWorkers {
    /// What `h` has sent so far is in the queue.
    pub fn new(h: Harness<Env>, queue: &'static str, worker: &'static str, workers: usize) -> Self {
        Self {
            h,
            queue,
            worker,
            workers,
            started: Instant::now(),
            waiting: Vec::new(),
            running: FuturesUnordered::new(),
        }
    }

    pub fn push(&mut self, body: String) {
        self.waiting.push((Instant::now(), body));
    }

    /// Lets the workers run until this is so. How long that took since the start.
    pub async fn run_until(&mut self, is_done: impl Fn(&Harness<Env>) -> bool) -> Duration {
        while !is_done(&self.h) {
            let now = Instant::now();
            assert!(self.started.elapsed() < Duration::from_secs(20 * 60), "it never ends");
            let sent = self.h.fakes.queue.take().into_iter();
            self.waiting.extend(sent.map(|sent| {
                assert_eq!(sent.url, self.queue);
                (now + sent.delay, sent.body)
            }));
            self.waiting.sort_by_key(|(at, _)| *at);
            while self.running.len() < self.workers && self.waiting.first().is_some_and(|(at, _)| *at <= now) {
                let (_, body) = self.waiting.remove(0);
                let (h, worker) = (self.h.instance(), self.worker);
                self.running
                    .push(Box::pin(async move { h.deliver(worker, &body).await }));
            }
            let next = self.waiting.first().filter(|_| self.running.len() < self.workers);
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
