//! One quote, one effect: repeated calls, crashes, and answers that nobody waited for.

use std::time::Duration;

use futures_util::future::join_all;
use model::quote::QuoteStatus;
use runtime::testing::Play;

use super::house::{House, JOHN, SAMPLE, priced};

const KEY: (&str, &str) = ("idempotency-key", "order-7");

#[tokio::test(start_paused = true)]
async fn the_same_key_is_answered_once_and_replayed() {
    let house = House::new();
    house.world.stage.script([], priced());
    let first = house.quote(&[KEY]).await;
    let second = house.quote(&[KEY]).await;
    assert_eq!((first.status, second.status, &first.text), (201, 201, &second.text));
    assert_eq!(
        (
            first.header("idempotent-replayed"),
            second.header("idempotent-replayed")
        ),
        (None, Some("true"))
    );
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!((house.rows().len(), house.calls().len()), (1, 1));
    let other = house
        .quote_as(
            &house.token("john", JOHN, &[]),
            &SAMPLE.replace("38000", "39000"),
            &[KEY],
        )
        .await;
    assert_eq!((other.status, other.code().as_str()), (422, "key-reused"));
    let jane = house.token("jane", JOHN, &[]);
    assert_eq!(
        house
            .quote_as(&jane, SAMPLE, &[KEY])
            .await
            .header("idempotent-replayed"),
        None,
        "keys are the caller's own"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_at_once_call_the_funder_once() {
    let house = House::new();
    house
        .world
        .stage
        .script([], Play::Late(Duration::from_millis(200), Box::new(priced())));
    let all = join_all((0..1000).map(|_| house.quote(&[KEY]))).await;
    assert_eq!(all.iter().filter(|got| got.status == 201).count(), 1);
    for got in all.iter().filter(|got| got.status != 201) {
        assert_eq!(
            (got.status, got.code().as_str(), got.header("retry-after")),
            (409, "in-progress", Some("1"))
        );
    }
    assert_eq!((house.rows().len(), house.calls().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_kept_and_our_failure_is_not() {
    let house = House::new();
    house.world.stage.script([Play::answer(422, "{}")], priced());
    let first = house.quote(&[KEY]).await;
    let second = house.quote(&[KEY]).await;
    assert_eq!(
        (first.status, &first.text, second.header("idempotent-replayed")),
        (422, &second.text, Some("true"))
    );
    let other = ("idempotency-key", "order-8");
    house
        .world
        .stage
        .script([Play::answer(200, "{}"), Play::answer(200, "{}")], priced());
    assert_eq!(house.quote(&[other]).await.status, 502);
    let again = house.quote(&[other]).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, None));
    let statuses: Vec<_> = house.rows().iter().map(|row| row.status).collect();
    assert_eq!(
        statuses,
        [QuoteStatus::Failed, QuoteStatus::Failed, QuoteStatus::Generated]
    );
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_replays_as_what_the_row_says_now() {
    let house = House::new();
    house.world.stage.script([], Play::answer(500, ""));
    let first = house.quote(&[KEY]).await;
    assert_eq!(first.status, 202);
    let second = house.quote(&[KEY]).await;
    assert_eq!(
        (second.status, second.header("idempotent-replayed")),
        (202, Some("true"))
    );
    house.watch().await;
    let message = house.world.outbox.take().remove(0);
    house.world.stage.script([], priced());
    assert!(house.deliver(&message.body, 1).await);
    let third = house.quote(&[KEY]).await;
    assert_eq!((third.status, third.header("idempotent-replayed")), (201, Some("true")));
    assert_eq!(third.json()["data"]["id"], first.json()["data"]["id"]);
    assert_eq!((house.rows().len(), house.calls().len()), (1, 5));
    assert!(house.world.outbox.sent().is_empty(), "a replay sends nothing");
}

#[tokio::test(start_paused = true)]
async fn respond_async_is_accepted_at_once_and_finished_by_the_queue() {
    let house = House::new();
    house.world.stage.script([], priced());
    let got = house.quote(&[("prefer", "wait=5, Respond-Async"), KEY]).await;
    assert_eq!((got.status, house.calls().len()), (202, 0));
    let sent = house.world.outbox.take();
    assert_eq!(
        (sent.len(), sent[0].url.as_str(), sent[0].delay),
        (1, "retry", Duration::from_secs(2))
    );
    assert!(house.deliver(&sent[0].body, 1).await);
    assert_eq!(house.row().status, QuoteStatus::Generated);
    assert_eq!(house.quote(&[KEY]).await.status, 201);
}

/// Runs a call until `stop` and then lets it die, as a killed sandbox does.
async fn crash(house: &House, headers: &[(&str, &str)], stop: Duration) {
    let call = tokio::time::timeout(stop, house.quote(headers)).await;
    assert!(call.is_err(), "it was to die before its end");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_after_a_crash_finds_the_same_quote() {
    let house = House::new();
    house
        .world
        .stage
        .script([], Play::Late(Duration::from_secs(5), Box::new(priced())));
    crash(&house, &[KEY], Duration::from_secs(2)).await;
    let died = house.row();
    assert_eq!(died.status, QuoteStatus::Pending, "written before the funder answered");
    assert_eq!(house.quote(&[KEY]).await.status, 409, "the lease still runs");
    tokio::time::advance(Duration::from_secs(60)).await;
    let heir = house.quote(&[KEY]).await;
    assert_eq!(heir.status, 201);
    assert_eq!((house.row().id, house.row().status), (died.id, QuoteStatus::Generated));
    let sent: Vec<_> = house
        .world
        .stage
        .seen()
        .iter()
        .map(|(_, request)| request.body().clone())
        .collect();
    assert_eq!(
        (sent.len(), &sent[0]),
        (2, &sent[1]),
        "the funder hears the same reference"
    );
}

#[tokio::test(start_paused = true)]
async fn a_late_runner_changes_nothing_after_it_was_replaced() {
    let house = House::new();
    let slow = Play::Late(Duration::from_secs(7), Box::new(priced()));
    house.world.stage.script([slow], priced());
    let late = house.quote(&[KEY]);
    let heir = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        // The first runner's lease is gone: its sandbox was frozen past it.
        expire_leases(&house);
        house.quote(&[KEY]).await
    };
    let (late, heir) = tokio::join!(late, heir);
    assert_eq!((late.status, heir.status), (409, 201));
    let replay = house.quote(&[KEY]).await;
    assert_eq!(replay.text, heir.text);
    assert_eq!(house.rows().len(), 1);
}

fn expire_leases(house: &House) {
    use runtime::store::{Key, Store, When, Write, item};
    for mut record in house.world.store.table("keys") {
        let key = Key::new("keys", record["pk"].as_s().unwrap(), None);
        let held = When::text("state", "INPROGRESS");
        record.extend(item(&serde_json::json!({"leaseUntil": 1})).unwrap());
        let write = Write {
            key,
            item: Some(record),
            when: held,
        };
        let written = futures_util::FutureExt::now_or_never(house.world.store.write(vec![write]));
        assert!(written.unwrap().is_ok());
    }
}
