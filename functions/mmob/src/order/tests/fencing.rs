//! Who holds an order, and who held it too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use runtime::testing::{Fate, Mortal};
use tokio::sync::Semaphore;

use super::house::House;
use crate::order::Step;

/// Stops at a step until it is told to go on.
struct Stopped {
    at: AtomicU32,
    on: Semaphore,
}

impl Fate for Stopped {
    fn step(&self) -> BoxFuture<'_, ()> {
        let left = self.at.fetch_sub(1, Ordering::Relaxed);
        Box::pin(async move {
            if left == 0 {
                self.on.acquire().await.unwrap().forget();
            }
        })
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_held_an_order_too_long_writes_nothing() {
    let body = r#"{"id":"po_1"}"#;
    let mut refused = 0;
    for step in 0..44 {
        let house = House::new(House::callback());
        house.place().await;
        let fate = Arc::new(Stopped {
            at: step.into(),
            on: Semaphore::new(0),
        });
        let slow = house.deliver(house.env(Some(fate.clone())), body);
        let rest = async {
            house.pass(13).await;
            assert!(house.deliver(house.env(None), body).await);
            let after = house.world.store.table("mmob");
            assert_eq!(house.row().step, Step::Told);
            fate.on.add_permits(1);
            after
        };
        let (done, after) = tokio::join!(slow, rest);
        let order =
            |rows: &[runtime::store::Item]| rows.iter().find(|row| row["sk"].as_s().unwrap() == "ORDER").cloned();
        assert_eq!(order(&house.world.store.table("mmob")), order(&after), "step {step}");
        refused += u32::from(!done);
        let books = house.web.books();
        assert!(books.deliveries[&1] <= 2 && books.effects[&1].len() == 1, "step {step}");
    }
    assert!(refused > 5, "it knows that it was too slow, {refused} times");
}

#[tokio::test(start_paused = true)]
async fn who_holds_an_order_is_left_alone_and_whoever_dies_is_succeeded() {
    let body = r#"{"id":"po_1"}"#;
    let house = House::new(House::callback());
    house.place().await;
    // After it has taken the order on.
    let dead = house.env(Some(Arc::new(Mortal::after(8))));
    assert!(
        tokio::time::timeout(Duration::from_secs(8), house.deliver(dead, body))
            .await
            .is_err()
    );
    assert_eq!(house.row().attempts, 1);
    assert!(house.deliver(house.env(None), body).await, "somebody may be at it yet");
    assert_eq!((house.row().attempts, house.told().len()), (1, 0));
    house.pass(4).await;
    assert!(house.deliver(house.env(None), body).await);
    assert_eq!((house.row().attempts, house.row().step), (2, Step::Told));
}
