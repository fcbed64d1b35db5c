//! The queue: what becomes of a quote that its caller was not kept waiting for.

use std::time::Duration;

use model::quote::QuoteStatus;
use runtime::testing::Play;

use super::case::CASES;
use super::house::{House, good, priced, sample};

/// A house with one PENDING quote, and its message.
async fn pending(then: Play) -> (House, String) {
    let house = House::new();
    house.world.stage.script([], Play::answer(500, ""));
    assert_eq!(house.quote(&[]).await.status, 202);
    house.world.stage.script([], then);
    let message = due(&house).await;
    (house, message)
}

/// The message of the first attempt of a quote that was accepted, when its time has come.
async fn due(house: &House) -> String {
    house.watch().await;
    let message = house.world.outbox.take().remove(0);
    assert_eq!(message.url, "retry");
    tokio::time::advance(message.delay).await;
    assert_eq!(house.born.elapsed().as_secs(), 30, "half a minute after the request");
    message.body
}

#[tokio::test(start_paused = true)]
async fn a_message_holds_ids_and_nothing_personal() {
    let (house, message) = pending(priced()).await;
    assert_eq!(message, format!(r#"{{"id":"{}","attempt":1}}"#, house.row().id));
}

#[tokio::test(start_paused = true)]
async fn one_attempt_prices_it() {
    let (house, message) = pending(priced()).await;
    assert!(house.deliver(&message, 1).await);
    assert_eq!((house.row().status, house.calls().len()), (QuoteStatus::Generated, 5));
    assert!(house.world.outbox.sent().is_empty());
    assert!(house.deliver(&message, 2).await, "delivered again");
    assert_eq!(house.calls().len(), 5, "and nothing is done twice");
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_for_a_quarter_of_an_hour() {
    for (play, code) in [
        (Play::answer(500, ""), "funder-error"),
        (Play::Unreachable, "funder-unreachable"),
        (Play::Reset, "funder-timeout"),
        (Play::answer(429, ""), "funder-throttled"),
    ] {
        let (house, mut message) = pending(play).await;
        let mut delays = Vec::new();
        loop {
            let before = house.calls().len();
            assert!(house.deliver(&message, 1).await);
            assert_eq!(house.calls().len(), before + 1, "one attempt per message");
            let Some(next) = house.world.outbox.take().pop() else {
                break;
            };
            delays.push(next.delay.as_secs());
            tokio::time::advance(next.delay).await;
            message = next.body;
        }
        assert_eq!(delays, [60, 120, 240, 300]);
        assert_eq!(house.calls()[4..], [30.0, 90.0, 210.0, 450.0, 750.0]);
        let row = house.row();
        assert_eq!(
            (row.status, row.failure.unwrap().code.as_str()),
            (QuoteStatus::Failed, code)
        );
        assert!(house.born.elapsed() < Duration::from_secs(15 * 60));
        assert_eq!(house.log().len(), house.calls().len());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_final_is_final_here_too() {
    let unusable = Play::answer(200, "{}");
    for (play, code) in [
        (Play::answer(422, "{}"), "funder-rejected"),
        (Play::answer(401, "{}"), "funder-auth"),
        (unusable, "funder-bad-response"),
    ] {
        let (house, message) = pending(play).await;
        assert!(house.deliver(&message, 1).await);
        let row = house.row();
        assert_eq!(
            (row.status, row.failure.unwrap().code.as_str()),
            (QuoteStatus::Failed, code)
        );
        assert!(house.world.outbox.sent().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_opens_in_time_is_waited_for_and_a_later_one_ends_the_quote() {
    let wait = |seconds: &str| Play::Answer {
        status: 429,
        headers: vec![("retry-after", seconds.into())],
        body: "".into(),
    };
    let (house, message) = pending(wait("200")).await;
    assert!(house.deliver(&message, 1).await);
    assert_eq!(house.world.outbox.take()[0].delay.as_secs(), 200);
    assert_eq!(house.row().status, QuoteStatus::Pending);
    let (house, message) = pending(wait("3000")).await;
    assert!(house.deliver(&message, 1).await);
    let failure = house.row().failure.unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.retry_after),
        ("funder-throttled", Some(3000))
    );
}

#[tokio::test(start_paused = true)]
async fn a_shut_gate_is_seen_by_workers_in_other_sandboxes() {
    let (house, message) = pending(priced()).await;
    let wait = Play::Answer {
        status: 429,
        headers: vec![("retry-after", "60".into())],
        body: "".into(),
    };
    house.world.stage.script([wait], priced());
    assert_eq!(house.quote(&[]).await.status, 202);
    house.world.outbox.take();
    let calls = house.calls().len();
    let other = House::on(house.world.clone(), &[]);
    let other = House {
        clock: house.clock,
        ..other
    };
    assert!(other.deliver(&message, 1).await);
    assert_eq!(other.calls().len(), calls, "not called while the gate is shut");
    assert_eq!(other.world.outbox.take().len(), 1, "but later");
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_the_row_and_the_next_message_loses_nothing() {
    let (house, message) = pending(Play::answer(500, "")).await;
    assert!(house.deliver(&message, 1).await);
    let lost = house.world.outbox.take();
    assert!(
        house.deliver(&message, 2).await,
        "the same message again, its successor lost"
    );
    assert_eq!(house.world.outbox.take(), lost, "the successor is sent again");
    assert_eq!(house.calls().len(), 5, "without another call");
    assert!(house.deliver(&message, 1).await);
    assert!(house.world.outbox.take().is_empty(), "a mere duplicate sends nothing");
}

#[tokio::test(start_paused = true)]
async fn our_own_trouble_brings_the_message_back() {
    let (house, message) = pending(priced()).await;
    house.world.store.set_down(true);
    assert!(!house.deliver(&message, 1).await);
    house.world.store.set_down(false);
    house.world.safe.secrets.lock().unwrap().clear();
    let stranger = House {
        clock: house.clock,
        ..House::on(house.world.clone(), &[])
    };
    stranger.world.safe.secrets.lock().unwrap().clear();
    assert!(
        !stranger.deliver(&message, 1).await,
        "a missing secret is no reason to fail a quote"
    );
    assert_eq!(house.row().status, QuoteStatus::Pending);
}

#[tokio::test(start_paused = true)]
async fn poison_is_parked_with_its_reason() {
    let house = House::new();
    for poison in [
        "",
        "nonsense",
        "{}",
        r#"{"id":"x","attempt":1}"#,
        r#"{"id":"0190d5a0-0000-7000-8000-000000000001","attempt":-1}"#,
    ] {
        assert!(house.deliver(poison, 1).await, "{poison}");
        let parked = house.world.outbox.take();
        assert_eq!((parked[0].url.as_str(), parked[0].body.as_str()), ("dead", poison));
        assert!(["malformed", "invalid"].contains(&parked[0].reason.as_deref().unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_row_waits_once_and_is_then_dropped() {
    let house = House::new();
    for attempt in [0, 1] {
        let orphan = format!(r#"{{"id":"0190d5a0-0000-7000-8000-000000000001","attempt":{attempt}}}"#);
        assert!(!house.deliver(&orphan, 1).await);
        assert!(house.deliver(&orphan, 2).await);
    }
    assert!(house.world.outbox.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_goes_on_at_the_step_that_failed() {
    for case in CASES {
        let house = House::new();
        let before = std::iter::repeat_n(good(), case.step);
        house.world.stage.script(before, Play::answer(500, ""));
        let got = house.quote_as(house.token_of_john(), &sample(case.funder), &[]).await;
        assert_eq!(got.status, 202);
        let first = due(&house).await;
        assert!(house.deliver(&first, 1).await, "fails at the same step");
        let second = house.world.outbox.take().remove(0);
        tokio::time::advance(second.delay).await;
        let done = house.paths().len();
        house.world.stage.script([], good());
        assert!(house.deliver(&second.body, 1).await);
        assert_eq!(house.row().status, QuoteStatus::Generated, "{case:?}");
        assert_eq!(house.paths()[done..], case.paths[case.step..], "{case:?}");
        for path in &case.paths[..case.step] {
            let calls = house.paths().iter().filter(|called| called == path).count();
            assert_eq!(calls, 1, "{case:?}: done once, for good");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_at_a_quote_that_is_still_being_asked_for_changes_nothing() {
    let house = House::new();
    let slow = Play::Late(Duration::from_secs(7), Box::new(priced()));
    house.world.stage.script([slow], priced());
    let look = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        house.watch().await;
    };
    let (got, ()) = tokio::join!(house.quote(&[]), look);
    assert_eq!((got.status, house.calls().len()), (201, 1));
    let next = house.world.outbox.take().remove(0);
    assert_eq!(next.delay.as_secs(), 25, "not before the call must be over");
    tokio::time::advance(next.delay).await;
    assert!(house.deliver(&next.body, 1).await);
    assert_eq!(house.calls().len(), 1, "it was priced meanwhile");
    assert_eq!(house.world.loudspeaker.said().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_died_has_left_a_message_that_goes_on() {
    let house = House::new();
    let slow = Play::Late(Duration::from_secs(7), Box::new(priced()));
    house.world.stage.script([slow], priced());
    let died = tokio::time::timeout(Duration::from_secs(2), house.quote(&[])).await;
    assert!(died.is_err());
    let first = due(&house).await;
    assert!(house.deliver(&first, 1).await);
    assert_eq!(house.row().status, QuoteStatus::Generated);
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_got_done_is_kept_for_the_next() {
    let house = House::new();
    house.world.stage.script([], Play::answer(500, ""));
    let got = house.quote_as(house.token_of_john(), &sample("ALPHABET"), &[]).await;
    assert_eq!(got.status, 202);
    let mut message = due(&house).await;
    // Each attempt gets one step further.
    for step in 0..2 {
        house.world.stage.script([good()], Play::answer(500, ""));
        assert!(house.deliver(&message, 1).await);
        let next = house.world.outbox.take().remove(0);
        assert_eq!(next.delay.as_secs(), [60, 120][step]);
        tokio::time::advance(next.delay).await;
        message = next.body;
    }
    house.world.stage.script([], good());
    let done = house.paths().len();
    assert!(house.deliver(&message, 1).await);
    assert_eq!(house.row().status, QuoteStatus::Generated);
    assert_eq!(house.paths()[done..], CASES[3].paths[2..], "only the last step is left");
}
