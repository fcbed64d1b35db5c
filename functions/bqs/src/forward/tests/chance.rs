//! A thousand cases, for more than one in twenty of which a worker is killed: each change once and in order where our keys are honoured, and
//! never twice where they are not.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::post::{Message, Post, again, earliest};
use super::upstream::Does::{self, Fails, Loses, Unreachable, Well};
use super::upstream::How::{Reset, Says, Silent, Waits};
use crate::case::row::{CaseRow, Sequence};

const CASES: u64 = 1_000;
/// Workers at once.
const WORKERS: usize = 5;
/// Of a worker for a case with a few changes.
const STEPS: usize = 40;

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn upstream(&mut self) -> Does {
        let how = [
            Reset,
            Silent,
            Says(500, ""),
            Says(502, "<html>"),
            Says(503, ""),
            Says(200, "<"),
        ];
        match self.roll(60) {
            0 => Loses(how[self.roll(how.len())].clone()),
            1 => Fails(how[self.roll(how.len() - 1)].clone()),
            2 => Unreachable,
            3 => Fails(Waits("2")),
            _ => Well,
        }
    }
}

struct Run {
    post: Post,
    dice: Dice,
    queue: Vec<Message>,
    sizes: Vec<u64>,
    killed: u32,
}

impl Run {
    fn new(honours: bool, seed: u64) -> Self {
        let (post, mut dice) = (Post::new(honours), Dice(seed));
        let sizes: Vec<u64> = (0..CASES).map(|_| u64::try_from(dice.roll(6)).unwrap() + 1).collect();
        let script: Vec<_> = (0..sizes.iter().sum()).map(|_: u64| dice.upstream()).collect();
        post.upstream.script(script);
        Self {
            post,
            dice,
            queue: Vec::new(),
            sizes,
            killed: 0,
        }
    }

    /// Each change with its wake-up.
    fn submit(&mut self) {
        for (case, size) in (1..).zip(self.sizes.clone()) {
            self.post.case(case, size);
            for _ in 0..size {
                self.enqueue(case);
            }
        }
    }

    fn enqueue(&mut self, case: u64) {
        let spread = Duration::from_millis(u64::try_from(self.dice.roll(600_000)).unwrap());
        self.queue.push(Message {
            due: Instant::now() + spread,
            body: format!(r#"{{"sequence":{case}}}"#),
            deliveries: 0,
        });
    }

    async fn work(&mut self) {
        while let Some(place) = earliest(&self.queue) {
            tokio::time::sleep_until(self.queue[place].due).await;
            let mut batch = Vec::new();
            while let Some(place) = earliest(&self.queue)
                && self.queue[place].due <= Instant::now()
                && batch.len() < WORKERS
            {
                let worker = (self.dice.roll(12) == 0).then(|| u32::try_from(self.dice.roll(STEPS)).unwrap());
                batch.push((
                    self.queue.swap_remove(place),
                    worker.map(|steps| self.post.dying(steps)),
                ));
            }
            let each = batch.iter().map(|(message, dying)| {
                let worker = dying.as_ref().unwrap_or(&self.post);
                worker.deliver(&message.body, message.deliveries + 1)
            });
            let done = join_all(each).await;
            for ((message, _), done) in batch.into_iter().zip(done) {
                self.killed += u32::from(done.is_none());
                // At least once means that it may come back all the same.
                let done = done.filter(|_| self.dice.roll(20) > 0);
                self.queue.extend(again(message, done));
            }
            self.queue.extend(self.post.sent());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_honours_our_keys_has_every_change_once_and_in_order() {
    let mut run = Run::new(true, 1);
    run.submit();
    run.work().await;
    // While the queue was at work, some cases were changed once more.
    for case in (1..=CASES).step_by(7) {
        let mut row = CaseRow::load(&run.post.env, Sequence(case)).await.unwrap().unwrap();
        let place = usize::try_from(case - 1).unwrap();
        run.sizes[place] += 1;
        run.post.change(&mut row, run.sizes[place]);
        run.enqueue(case);
    }
    run.work().await;
    for (case, size) in (1..).zip(&run.sizes) {
        let wanted: Vec<u64> = (1..=*size).collect();
        assert_eq!(run.post.upstream.made(case), wanted, "case {case}");
        let row = run.post.row(Sequence(case));
        assert_eq!(
            (row.forwarded_through, row.held.is_none()),
            (*size, true),
            "case {case}"
        );
    }
    assert!(run.killed > 50, "{} were killed", run.killed);
}

#[tokio::test(start_paused = true)]
async fn an_upstream_that_does_not_leaves_changes_held_and_none_made_twice() {
    let mut run = Run::new(false, 2);
    run.submit();
    run.work().await;
    let mut held = 0;
    for (case, size) in (1..).zip(&run.sizes) {
        let (made, row) = (run.post.upstream.made(case), run.post.row(Sequence(case)));
        let wanted: Vec<u64> = (1..=*size).collect();
        assert!(wanted.starts_with(&made), "case {case}: {made:?}");
        match row.held {
            None => assert_eq!(made, wanted, "case {case}"),
            Some(change) => {
                held += 1;
                // The last that was made, or the one after it.
                let last = u64::try_from(made.len()).unwrap();
                assert!([last, last + 1].contains(&change.n), "case {case}: {change:?}");
            }
        }
    }
    assert!(
        run.killed > 50 && held > 50 && held < 500,
        "{} were killed, {held} are held",
        run.killed
    );
}
