//! Workers that share, in virtual time.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::port::clock::Clock;
use crate::port::store::Memory;

const LEASE: Duration = Duration::from_secs(9);
const QUICK: Duration = Duration::from_millis(1999);
const SLOW_CALL: Duration = Duration::from_secs(2);

struct Shop {
    store: Arc<Memory>,
    clock: Clock,
}

impl Shop {
    fn new() -> Self {
        let clock = Clock::starting("2026-01-05T10:00:00.900Z".parse().unwrap());
        let store = Arc::new(Memory::at(clock));
        Self { store, clock }
    }

    fn share<'a>(&'a self, group: &'a str, places: u16) -> Share<'a> {
        Share {
            table: Table::new(self.store.as_ref(), "orders"),
            group,
            places: NonZeroU16::new(places).unwrap(),
            lease: LEASE,
            slow_after: SLOW_CALL,
        }
    }

    async fn take(&self, share: &Share<'_>) -> Option<HeldPlace> {
        share.take(self.clock.now()).await.unwrap()
    }

    /// Works once, with a call that takes this time.
    async fn work(&self, share: &Share<'_>, time: Duration) {
        let mut place = self.take(share).await.unwrap();
        place.took(time);
        share.free(place, self.clock.now()).await;
    }

    /// Takes every place that is free. How many there were.
    async fn fill(&self, share: &Share<'_>) -> usize {
        let mut taken = 0;
        while self.take(share).await.is_some() {
            taken += 1;
        }
        taken
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_has_its_places_and_no_more() {
    let shop = Shop::new();
    let (one, other) = (shop.share("one", 3), shop.share("other", 3));
    let first = shop.take(&one).await.unwrap();
    assert_eq!(shop.fill(&one).await, 2);
    assert_eq!(shop.fill(&other).await, 3, "another group has its own");
    one.free(first, shop.clock.now()).await;
    assert_eq!(shop.fill(&one).await, 1, "a place that is freed is free at once");
}

#[tokio::test(start_paused = true)]
async fn the_place_of_a_worker_that_crashed_is_free_when_its_lease_ends() {
    let shop = Shop::new();
    let share = shop.share("one", 1);
    let crashed = shop.take(&share).await.unwrap();
    tokio::time::advance(LEASE).await;
    assert!(shop.take(&share).await.is_none(), "it may still run");
    tokio::time::advance(Duration::from_secs(1)).await;
    let next = shop.take(&share).await.unwrap();
    share.free(crashed, shop.clock.now()).await;
    assert!(
        shop.take(&share).await.is_none(),
        "a late worker frees no place of another"
    );
    share.free(next, shop.clock.now()).await;
    assert!(shop.take(&share).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn three_slow_calls_in_a_row_halve_the_share() {
    let shop = Shop::new();
    let share = shop.share("one", 4);
    for time in [SLOW_CALL, SLOW_CALL, QUICK, SLOW_CALL, SLOW_CALL] {
        shop.work(&share, time).await;
    }
    let place = shop.take(&share).await.unwrap();
    assert_eq!(shop.fill(&share).await, 3, "not three in a row");
    share.free(place, shop.clock.now()).await;
    tokio::time::advance(LEASE * 2).await;
    shop.work(&share, SLOW_CALL).await;
    assert_eq!(shop.fill(&share).await, 2);
    tokio::time::advance(LEASE * 2).await;
    shop.work(&share, QUICK).await;
    assert_eq!(shop.fill(&share).await, 4, "one quick call is enough");
    tokio::time::advance(LEASE * 2).await;
    for _ in 0..3 {
        shop.work(&share, SLOW_CALL).await;
    }
    tokio::time::advance(Duration::from_secs(299)).await;
    assert_eq!(shop.fill(&share).await, 2);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(shop.fill(&share).await, 4, "it is not slow for good");
}

#[tokio::test(start_paused = true)]
async fn half_of_one_place_is_one() {
    let shop = Shop::new();
    let share = shop.share("one", 1);
    for _ in 0..4 {
        shop.work(&share, SLOW_CALL).await;
    }
    assert_eq!(shop.fill(&share).await, 1);
}

#[test]
fn messages_that_wait_are_spread_and_older_work_looks_more_seldom() {
    for (age, most) in [
        (0, 3),
        (7, 3),
        (20, 10),
        (119, 59),
        (121, 60),
        (900, 60),
        (i64::MAX, 60),
    ] {
        let waits = (0..1000).map(|id| wait(&id, SignedDuration::from_secs(age)).as_secs());
        let seconds: BTreeSet<u64> = waits.collect();
        assert_eq!(seconds, (1..=most).collect(), "after {age} s");
    }
}
