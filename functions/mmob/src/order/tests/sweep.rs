//! Orders that stopped on the way.

use std::time::Duration;

use model::order::{OrderOutcome, OrderStatus};

use super::fake_mmob::Behaviour;
use super::testing::{Orders, SWEEP, auto, pass};
use crate::order::row::{Manual, OrderStep};

#[tokio::test(start_paused = true)]
async fn the_sweep_enqueues_an_order_whose_messages_are_lost() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(2);
    assert_eq!(orders.place().await, 503);
    assert!(orders.sweep().await);
    assert!(
        orders.sqs.messages().is_empty(),
        "a worker may still get the first messages"
    );
    pass(15).await;
    assert!(orders.sweep().await);
    assert_eq!(orders.sqs.messages().len(), 1);
    assert!(orders.sweep().await);
    assert_eq!(orders.sqs.messages().len(), 1, "once a minute");
    assert!(orders.work().await);
    assert_eq!(
        (orders.row().step, orders.mmob.status().as_str()),
        (OrderStep::Reported, "Succesful")
    );
    pass(3600).await;
    assert!(orders.sweep().await);
    assert!(orders.sqs.messages().is_empty(), "it is finished");
}

#[tokio::test(start_paused = true)]
async fn an_order_is_late_from_fifty_seconds_on() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(2);
    orders.place().await;
    pass(49).await;
    orders.sweep().await;
    assert!(!orders.row().late);
    pass(61).await;
    orders.sweep().await;
    assert!(orders.row().late);
    assert_eq!(orders.row().status, OrderStatus::Pending, "and not failed");
    assert!(orders.work().await);
    assert!(orders.row().late && orders.row().status == OrderStatus::Succesful);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_stays_undecided_for_a_quarter_of_an_hour_goes_to_an_operator() {
    let orders = Orders::new(auto(&[]));
    orders
        .mmob
        .script_mmob(std::iter::repeat_n(Behaviour::Unreachable, 1000));
    orders.place().await;
    for minute in 0..17 {
        assert!(minute > 14 || orders.row().manual.is_none(), "{minute}");
        orders.work().await;
        pass(60).await;
        orders.sweep().await;
    }
    let row = orders.row();
    assert_eq!(
        (row.manual, row.status),
        (Some(Manual::Undecided), OrderStatus::Pending)
    );
    assert!(orders.mmob.books().updates.is_empty());
    orders.mmob.script_mmob([]);
    orders.work().await;
    assert!(
        orders.mmob.books().updates.is_empty(),
        "the order waits for an operator"
    );
}

/// Lets time pass while Lambda throttles the workers: each receive counts, and no worker runs.
async fn throttled(orders: &Orders, minutes: u64) {
    for _ in 0..minutes * 5 {
        while orders.sqs.receive().is_some() {}
        pass(12).await;
    }
    while orders.sqs.receive().is_some() {}
}

#[tokio::test(start_paused = true)]
async fn the_sweep_takes_back_an_order_that_died_throttled() {
    let orders = Orders::new(auto(&[]));
    orders.place().await;
    throttled(&orders, 2).await;
    assert_eq!((orders.sqs.dead().len(), orders.sqs.messages().len()), (2, 0));
    assert!(orders.sweep().await);
    assert_eq!(orders.sqs.messages().len(), 1);
    assert!(orders.work().await);
    let row = orders.row();
    assert_eq!(
        (row.step, row.status, row.attempts),
        (OrderStep::Reported, OrderStatus::Succesful, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_that_no_worker_could_try_is_given_up_after_a_day() {
    let orders = Orders::new(auto(&[]));
    orders.place().await;
    for _ in 0..30 {
        throttled(&orders, 2).await;
        assert!(orders.sweep().await);
    }
    assert_eq!((orders.row().manual, orders.row().attempts), (None, 0));
    assert!(orders.work().await);
    assert_eq!(orders.row().status, OrderStatus::Succesful);

    let orders = Orders::new(auto(&[]));
    orders.place().await;
    pass(24 * 3600 + 1).await;
    assert!(orders.sweep().await);
    assert_eq!(orders.row().manual, Some(Manual::Undecided));
}

#[tokio::test(start_paused = true)]
async fn a_worker_tries_to_report_a_decision_for_a_day() {
    let orders = Orders::new(auto(&[]));
    orders.place().await;
    orders.work().await;
    pass(3 * 24 * 3600).await;
    // An operator's decision, days later.
    orders.mmob.books().order.insert("status".into(), "Pending".into());
    orders.change(|row| {
        row.step = OrderStep::Received;
        row.status = OrderStatus::Pending;
        row.resolve(OrderOutcome::failed("by hand"), "ops", orders.harness.now())
            .unwrap();
    });
    orders
        .mmob
        .script_mmob(std::iter::repeat_n(Behaviour::Unreachable, 100_000));
    for _ in 0..23 {
        pass(3600).await;
        orders.sweep().await;
        orders.work().await;
    }
    assert!(orders.row().is_unfinished());
    pass(2 * 3600).await;
    orders.sweep().await;
    assert_eq!(orders.row().manual, Some(Manual::Unreported));
    assert_eq!(orders.row().status, OrderStatus::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_order_with_too_many_attempts_goes_to_an_operator() {
    let orders = Orders::new(auto(&[]));
    orders.place().await;
    orders.change(|row| row.attempts = 60);
    assert!(orders.work().await);
    assert_eq!(orders.row().manual, Some(Manual::Undecided));
    assert!(orders.mmob.books().mmob_requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_one_sweep_enqueues_every_order() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(600);
    for number in 0..250 {
        let id = format!("po_x{number}");
        orders
            .place_changed(|order| drop(order.insert("id".into(), id.into())))
            .await;
    }
    orders.sqs.refuse(0);
    pass(20).await;
    assert!(orders.sweep().await);
    assert_eq!(orders.sqs.messages().len(), 250);
}

#[tokio::test(start_paused = true)]
async fn orders_that_fail_keep_no_others_waiting() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(500);
    for number in 0..150 {
        let id = format!("po_x{number}");
        orders
            .place_changed(|order| drop(order.insert("id".into(), id.into())))
            .await;
    }
    pass(20).await;
    orders.sqs.refuse(100);
    assert!(!orders.sweep().await, "the run reports the failures");
    assert_eq!(orders.sqs.messages().len(), 150);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_one_order_does_not_stop_the_others() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(4);
    orders.place().await;
    orders
        .place_changed(|order| drop(order.insert("id".into(), "po_2".into())))
        .await;
    pass(20).await;
    orders.sqs.refuse(1);
    assert!(!orders.sweep().await, "the run reports the failure");
    assert_eq!(
        orders.sqs.messages().len(),
        2,
        "the run tries it again while there is time"
    );
}

#[tokio::test(start_paused = true)]
async fn an_order_that_stays_due_is_tried_twice_in_a_run() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(240);
    for number in 0..120 {
        let id = format!("po_x{number}");
        orders
            .place_changed(|order| drop(order.insert("id".into(), id.into())))
            .await;
    }
    pass(20).await;
    orders.sqs.refuse(240);
    assert!(!orders.sweep().await);
    assert!(orders.sqs.messages().is_empty());
    assert!(orders.sweep().await);
    assert_eq!(orders.sqs.messages().len(), 120);
}

#[tokio::test(start_paused = true)]
async fn without_time_an_order_waits_for_the_next_run() {
    let orders = Orders::new(auto(&[]));
    orders.sqs.refuse(2);
    orders.place().await;
    pass(20).await;
    let hurried = orders.instance().time_limit(Duration::from_secs(1));
    assert_eq!(hurried.tick(SWEEP).await, Some(true));
    assert!(orders.sqs.messages().is_empty());
    assert!(orders.sweep().await);
    assert_eq!(orders.sqs.messages().len(), 1);
}
