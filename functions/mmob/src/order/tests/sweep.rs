//! What was left lying.

use model::order::{OrderStatus, Outcome};

use super::house::House;
use super::web::Does;
use crate::order::{Manual, Step};

#[tokio::test(start_paused = true)]
async fn an_order_whose_messages_are_lost_is_sent_on() {
    let house = House::new(House::auto(&[]));
    house.sqs.refuse(2);
    assert_eq!(house.place().await, 503);
    assert!(house.sweep(house.env(None)).await);
    assert!(house.sqs.messages().is_empty(), "it is looked at by others yet");
    house.pass(15).await;
    assert!(house.sweep(house.env(None)).await);
    assert_eq!(house.sqs.messages().len(), 1);
    assert!(house.sweep(house.env(None)).await);
    assert_eq!(house.sqs.messages().len(), 1, "once a minute");
    assert!(house.work().await);
    assert_eq!(
        (house.row().step, house.web.status().as_str()),
        (Step::Told, "Succesful")
    );
    house.pass(3600).await;
    assert!(house.sweep(house.env(None)).await);
    assert!(house.sqs.messages().is_empty(), "it is finished");
}

#[tokio::test(start_paused = true)]
async fn an_order_is_late_from_fifty_seconds_on() {
    let house = House::new(House::auto(&[]));
    house.sqs.refuse(2);
    house.place().await;
    house.pass(49).await;
    house.sweep(house.env(None)).await;
    assert!(!house.row().late);
    house.pass(61).await;
    house.sweep(house.env(None)).await;
    assert!(house.row().late);
    assert_eq!(house.row().status, OrderStatus::Pending, "and not failed");
    assert!(house.work().await);
    assert!(house.row().late && house.row().status == OrderStatus::Succesful);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_can_decide_is_an_operators_after_a_quarter_of_an_hour() {
    let house = House::new(House::auto(&[]));
    house.web.market(std::iter::repeat_n(Does::Unreachable, 1000));
    house.place().await;
    for minute in 0..17 {
        assert!(minute > 14 || house.row().manual.is_none(), "{minute}");
        house.work().await;
        house.pass(60).await;
        house.sweep(house.env(None)).await;
    }
    let row = house.row();
    assert_eq!(
        (row.manual, row.status),
        (Some(Manual::Undecided), OrderStatus::Pending)
    );
    assert!(house.web.books().told.is_empty());
    house.web.market([]);
    house.work().await;
    assert!(house.web.books().told.is_empty(), "it is the operator's now");
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_is_told_for_a_day() {
    let house = House::new(House::auto(&[]));
    house.place().await;
    house.work().await;
    house.pass(3 * 24 * 3600).await;
    // An operator's decision, days later.
    house.web.books().order.insert("status".into(), "Pending".into());
    house.change(|row| {
        row.step = Step::Received;
        row.status = OrderStatus::Pending;
        row.resolve(Outcome::failed("by hand"), house.clock.now()).unwrap();
    });
    house.web.market(std::iter::repeat_n(Does::Unreachable, 100_000));
    for _ in 0..23 {
        house.pass(3600).await;
        house.sweep(house.env(None)).await;
        house.work().await;
    }
    assert!(house.row().is_unfinished());
    house.pass(2 * 3600).await;
    house.sweep(house.env(None)).await;
    assert_eq!(house.row().manual, Some(Manual::Untold));
    assert_eq!(house.row().status, OrderStatus::Failed);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_tried_too_often_is_an_operators_too() {
    let house = House::new(House::auto(&[]));
    house.place().await;
    house.change(|row| row.attempts = 60);
    assert!(house.work().await);
    assert_eq!(house.row().manual, Some(Manual::Undecided));
    assert!(house.web.books().asked.is_empty());
}

#[tokio::test(start_paused = true)]
async fn after_a_long_outage_all_orders_are_sent_on_at_once() {
    let house = House::new(House::auto(&[]));
    house.sqs.refuse(600);
    for number in 0..250 {
        let id = format!("po_x{number}");
        house
            .place_changed(|order| drop(order.insert("id".into(), id.into())))
            .await;
    }
    house.sqs.refuse(0);
    house.pass(20).await;
    assert!(house.sweep(house.env(None)).await);
    assert_eq!(house.sqs.messages().len(), 250);
}

#[tokio::test(start_paused = true)]
async fn one_orders_trouble_is_no_others() {
    let house = House::new(House::auto(&[]));
    house.sqs.refuse(4);
    house.place().await;
    house
        .place_changed(|order| drop(order.insert("id".into(), "po_2".into())))
        .await;
    house.pass(20).await;
    house.sqs.refuse(1);
    assert!(!house.sweep(house.env(None)).await, "and it is said");
    assert_eq!(house.sqs.messages().len(), 2, "while there is time, it is tried again");
}
