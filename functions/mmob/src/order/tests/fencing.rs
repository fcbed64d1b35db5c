//! Leases: another worker waits for the holder, and a holder whose lease has ended writes nothing.

use std::sync::Arc;
use std::time::Duration;

use runtime::port::store::Item;
use runtime::testing::SuspendAt;

use super::testing::{MESSAGE, Orders, WORKER, callback, deliver, pass};
use crate::order::row::OrderStep;

fn stored_order(rows: &[Item]) -> Option<Item> {
    rows.iter().find(|row| row["sk"].as_s().unwrap() == "ORDER").cloned()
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_lease_has_ended_writes_nothing() {
    let mut refused = 0;
    for step in 0..60 {
        let orders = Orders::new(callback());
        orders.place().await;
        let suspended = Arc::new(SuspendAt::new(step));
        let slow = orders.harness.faulty(suspended.clone());
        let slow = slow.kill_after(Duration::from_secs(3600));
        let slow = slow.deliver(WORKER, MESSAGE);
        let next = async {
            pass(13).await;
            assert!(deliver(&orders.instance(), MESSAGE).await);
            let after = orders.harness.fakes.store.table("mmob");
            assert_eq!(orders.row().step, OrderStep::Reported);
            suspended.resume();
            after
        };
        let (done, after) = tokio::join!(slow, next);
        let end = orders.harness.fakes.store.table("mmob");
        assert_eq!(stored_order(&end), stored_order(&after), "step {step}");
        refused += u32::from(!done.unwrap());
        let books = orders.mmob.books();
        assert!(books.deliveries[&1] <= 2 && books.effects[&1].len() == 1, "step {step}");
    }
    assert!(refused > 5, "{refused} workers found that they were too slow");
}

#[tokio::test(start_paused = true)]
async fn a_worker_waits_for_the_lease_of_one_that_crashed() {
    let orders = Orders::new(callback());
    orders.place().await;
    // After it has leased the order.
    let crashed = orders.harness.crash_after(9);
    assert_eq!(crashed.deliver(WORKER, MESSAGE).await, None);
    assert_eq!(orders.row().attempts, 1);
    assert!(
        deliver(&orders.instance(), MESSAGE).await,
        "the holder may still be working"
    );
    assert_eq!((orders.row().attempts, orders.updates().len()), (1, 0));
    pass(4).await;
    assert!(deliver(&orders.instance(), MESSAGE).await);
    assert_eq!((orders.row().attempts, orders.row().step), (2, OrderStep::Reported));
}
