//! Many simulated orders, each from its seed.

use std::thread::{available_parallelism, scope};

use super::simulation::checked::simulate;
use super::simulation::{Coverage, Plan};

/// In the fast tests.
const FEW: u64 = 3_000;
/// In the slow test, which `cargo xtask test` runs.
const MANY: u64 = 100_000;

/// Simulates an order for each seed. The sum of what they went through.
fn simulate_all(seeds: impl Iterator<Item = u64>) -> Coverage {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut sum = Coverage::default();
        for seed in seeds {
            let coverage = simulate(Plan::chance(seed, None))
                .await
                .unwrap_or_else(|what| panic!("{what}"));
            sum.add(coverage);
        }
        sum
    })
}

impl Coverage {
    fn add(&mut self, other: Self) {
        self.crashes += other.crashes;
        self.stalls += other.stalls;
        self.rounds += other.rounds;
        self.conflicts += other.conflicts;
        self.resolved += other.resolved;
        self.dashboards += other.dashboards;
        self.manual += other.manual;
        self.reported += other.reported;
        self.deliveries += other.deliveries;
    }

    /// Chance has to reach every case.
    fn is_wide(&self, orders: u64) {
        let orders = u32::try_from(orders).unwrap();
        let least = [
            (self.crashes, orders),
            (self.stalls, orders / 8),
            (self.rounds, orders + orders / 5),
            (self.conflicts, orders / 1000),
            (self.resolved, orders / 20),
            (self.dashboards, orders / 100),
            (self.manual, orders / 8),
            (self.reported, orders / 2),
            (self.deliveries, orders / 2),
        ];
        assert!(least.iter().all(|(came, least)| came >= least), "{self:?}");
    }
}

#[test]
fn no_order_is_lost_and_none_is_done_twice() {
    simulate_all(0..FEW).is_wide(FEW);
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_is_the_same_simulation() {
    for seed in 0..100 {
        let first = simulate(Plan::chance(seed, None)).await.unwrap();
        assert_eq!(simulate(Plan::chance(seed, None)).await.unwrap(), first, "seed {seed}");
    }
}

#[test]
#[ignore = "minutes: cargo xtask test runs it"]
fn a_hundred_thousand_orders() {
    let threads = available_parallelism().map_or(1, |threads| u64::try_from(threads.get()).unwrap());
    let sum = scope(|scope| {
        let each: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || simulate_all((thread..MANY).step_by(usize::try_from(threads).unwrap()))))
            .collect();
        let mut sum = Coverage::default();
        each.into_iter().for_each(|coverage| sum.add(coverage.join().unwrap()));
        sum
    });
    sum.is_wide(MANY);
    eprintln!("{sum:?}");
}
