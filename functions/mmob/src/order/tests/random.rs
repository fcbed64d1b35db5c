//! Chance: many lives, each from its seed.

use std::thread::{available_parallelism, scope};

use super::life::{Plan, Report, live};

/// In the fast tests.
const FEW: u64 = 3_000;
/// In the slow ones, which `cargo xtask test` runs.
const MANY: u64 = 100_000;

/// Lives the lives of these seeds and adds up what came up in them.
fn lives(seeds: impl Iterator<Item = u64>) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut sum = Report::default();
        for seed in seeds {
            let report = live(Plan::chance(seed, None))
                .await
                .unwrap_or_else(|what| panic!("{what}"));
            sum.add(report);
        }
        sum
    })
}

impl Report {
    fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.stalls += other.stalls;
        self.rounds += other.rounds;
        self.conflicts += other.conflicts;
        self.resolved += other.resolved;
        self.dashboards += other.dashboards;
        self.manual += other.manual;
        self.told += other.told;
        self.deliveries += other.deliveries;
    }

    /// Chance has to get everywhere.
    fn is_wide(&self, lives: u64) {
        let lives = u32::try_from(lives).unwrap();
        let least = [
            (self.crashes, lives),
            (self.stalls, lives / 8),
            (self.rounds, lives + lives / 5),
            (self.conflicts, lives / 1000),
            (self.resolved, lives / 20),
            (self.dashboards, lives / 100),
            (self.manual, lives / 8),
            (self.told, lives / 2),
            (self.deliveries, lives / 2),
        ];
        assert!(least.iter().all(|(came, least)| came >= least), "{self:?}");
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    lives(0..FEW).is_wide(FEW);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_life() {
    for seed in 0..100 {
        let first = live(Plan::chance(seed, None)).await.unwrap();
        assert_eq!(live(Plan::chance(seed, None)).await.unwrap(), first, "seed {seed}");
    }
}

#[test]
#[ignore = "minutes: cargo xtask test runs it"]
fn a_hundred_thousand_lives() {
    let threads = available_parallelism().map_or(1, |threads| u64::try_from(threads.get()).unwrap());
    let sum = scope(|scope| {
        let each: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || lives((thread..MANY).step_by(usize::try_from(threads).unwrap()))))
            .collect();
        let mut sum = Report::default();
        each.into_iter().for_each(|lives| sum.add(lives.join().unwrap()));
        sum
    });
    sum.is_wide(MANY);
    eprintln!("{sum:?}");
}
