//! The queue: how a quote goes on in the background.

use std::future::IntoFuture;
use std::time::Duration;

use model::quote::QuoteStatus;
use runtime::testing::{Harness, Script};
use runtime::transport::{CONCLUSION, Conclusion};

use super::case::CASES;
use super::table::wait;
use crate::Env;
use crate::testing::{FundersHarness, GENERATE, SAMPLE, good, harness, priced, sample};

/// One PENDING quote, and the message of its first attempt. `then` is what the funder does from now on.
async fn pending(then: Script) -> (Harness<Env>, String) {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 202);
    h.fakes.transport.script([], then);
    let message = first_attempt(&h).await;
    (h, message)
}

/// The message of the first attempt of an accepted quote, when it is delivered.
async fn first_attempt(h: &Harness<Env>) -> String {
    h.first_look().await;
    let message = h.fakes.queue.take().remove(0);
    assert_eq!(message.url, "retry");
    tokio::time::advance(message.delay).await;
    assert_eq!(h.started().elapsed().as_secs(), 30, "half a minute after the request");
    message.body
}

#[tokio::test(start_paused = true)]
async fn a_message_holds_ids_and_no_personal_data() {
    let (h, message) = pending(priced()).await;
    assert_eq!(message, format!(r#"{{"id":"{}","attempt":1}}"#, h.quote().id));
}

#[tokio::test(start_paused = true)]
async fn one_attempt_prices_it() {
    let (h, message) = pending(priced()).await;
    assert!(h.retry(&message, 1).await);
    assert_eq!((h.quote().status, h.calls().len()), (QuoteStatus::Generated, 5));
    assert!(h.fakes.queue.sent().is_empty());
    assert!(h.retry(&message, 2).await, "delivered again");
    assert_eq!(h.calls().len(), 5, "and nothing is done twice");
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_for_a_quarter_of_an_hour() {
    for (answer, code) in [
        (Script::answer(500, ""), "funder-error"),
        (Script::Unreachable, "funder-unreachable"),
        (Script::Reset, "funder-reset"),
        (Script::answer(429, ""), "funder-throttled"),
    ] {
        let (h, mut message) = pending(answer).await;
        let mut delays = Vec::new();
        loop {
            let before = h.calls().len();
            assert!(h.retry(&message, 1).await);
            assert_eq!(h.calls().len(), before + 1, "one attempt per message");
            let Some(next) = h.fakes.queue.take().pop() else {
                break;
            };
            delays.push(next.delay.as_secs());
            tokio::time::advance(next.delay).await;
            message = next.body;
        }
        assert_eq!(delays, [60, 120, 240, 300]);
        assert_eq!(h.calls()[4..], [30.0, 90.0, 210.0, 450.0, 750.0]);
        let row = h.quote();
        assert_eq!(
            (row.status, row.failure.unwrap().code.as_str()),
            (QuoteStatus::Failed, code)
        );
        assert!(h.started().elapsed() < Duration::from_secs(15 * 60));
        let retries: Vec<u32> = h.log().iter().map(|row| row.retry_count).collect();
        assert_eq!(retries, [0, 1, 2, 3, 4, 5, 6, 7, 8], "counted through the queue");
        let kinds: Vec<_> = h.log().into_iter().skip(4).map(|row| row.error).collect();
        assert_eq!(
            kinds,
            vec![code.strip_prefix("funder-").map(str::to_owned); 5],
            "each by its own name"
        );
        let conclusions: Vec<_> = h.log().iter().filter_map(|row| row.conclusion).collect();
        assert_eq!(conclusions, [Conclusion::QuoteFailed], "one quote, whatever it took");
        assert_eq!(h.log().last().unwrap().conclusion, Some(Conclusion::QuoteFailed));
        assert_eq!(h.log().len(), h.calls().len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_failure_is_final_here_too() {
    for (answer, code) in [
        (Script::answer(422, "{}"), "funder-rejected"),
        (Script::answer(401, "{}"), "funder-auth"),
        (Script::answer(200, "{}"), "funder-bad-response"),
    ] {
        let (h, message) = pending(answer).await;
        assert!(h.retry(&message, 1).await);
        let row = h.quote();
        assert_eq!(
            (row.status, row.failure.unwrap().code.as_str()),
            (QuoteStatus::Failed, code)
        );
        assert!(h.fakes.queue.sent().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_queue_waits_for_a_gate_that_opens_in_time_and_a_later_one_ends_the_quote() {
    let (h, message) = pending(wait(429, "200")).await;
    assert!(h.retry(&message, 1).await);
    assert_eq!(h.fakes.queue.take()[0].delay.as_secs(), 200);
    assert_eq!(h.quote().status, QuoteStatus::Pending);
    let (h, message) = pending(wait(429, "3000")).await;
    assert!(h.retry(&message, 1).await);
    let failure = h.quote().failure.unwrap();
    assert_eq!(
        (failure.code.as_str(), failure.retry_after),
        ("funder-throttled", Some(3000))
    );
}

#[tokio::test(start_paused = true)]
async fn workers_in_other_instances_see_a_shut_gate() {
    let (h, message) = pending(priced()).await;
    h.fakes.transport.script([wait(429, "60")], priced());
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 202);
    h.fakes.queue.take();
    let calls = h.calls().len();
    let other = h.instance();
    assert!(other.retry(&message, 1).await);
    assert_eq!(other.calls().len(), calls, "not called while the gate is shut");
    assert_eq!(other.fakes.queue.take().len(), 1, "but later");
}

#[tokio::test(start_paused = true)]
async fn a_quote_that_ends_without_a_call_has_a_row_of_its_conclusion() {
    let (h, message) = pending(priced()).await;
    h.fakes.transport.script([wait(429, "3000")], priced());
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 202);
    let (first, calls, logged) = (h.quotes()[0].clone(), h.calls().len(), h.log().len());
    assert!(h.instance().retry(&message, 1).await);
    assert_eq!(
        (h.quote_row(first.id).status, h.calls().len()),
        (QuoteStatus::Failed, calls)
    );
    let rows = h.log();
    let row = rows.iter().find(|row| row.operation == CONCLUSION).unwrap();
    assert_eq!(
        (rows.len(), row.subject_id.clone()),
        (logged + 1, Some(first.id.to_string()))
    );
    assert_eq!((row.conclusion, row.retry_count), (Some(Conclusion::QuoteFailed), 3));
    assert_eq!(
        (row.correlation_id, row.partner.as_str()),
        (first.correlation_id, "LEX")
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_the_row_and_the_next_message_loses_nothing() {
    let (h, message) = pending(Script::answer(500, "")).await;
    assert!(h.retry(&message, 1).await);
    let lost = h.fakes.queue.take();
    assert!(h.retry(&message, 2).await, "the same message again, its successor lost");
    assert_eq!(h.fakes.queue.take(), lost, "the successor is sent again");
    assert_eq!(h.calls().len(), 5, "without another call");
    assert!(h.retry(&message, 1).await);
    assert!(h.fakes.queue.take().is_empty(), "a mere duplicate sends nothing");
}

#[tokio::test(start_paused = true)]
async fn our_own_failure_brings_the_message_back() {
    let (h, message) = pending(priced()).await;
    h.fakes.store.set_down(true);
    assert!(!h.retry(&message, 1).await);
    h.fakes.store.set_down(false);
    h.fakes.secrets.secrets.lock().unwrap().clear();
    assert!(
        !h.instance().retry(&message, 1).await,
        "a missing secret is no reason to fail a quote"
    );
    assert_eq!(h.quote().status, QuoteStatus::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_poison_message_is_parked_with_its_reason() {
    let h = harness();
    for poison in [
        "",
        "nonsense",
        "{}",
        r#"{"id":"x","attempt":1}"#,
        r#"{"id":"0190d5a0-0000-7000-8000-000000000001","attempt":-1}"#,
    ] {
        assert!(h.retry(poison, 1).await, "{poison}");
        let parked = h.fakes.queue.take();
        assert_eq!((parked[0].url.as_str(), parked[0].body.as_str()), ("dead", poison));
        assert!(["malformed", "invalid"].contains(&parked[0].reason.as_deref().unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_row_waits_once_and_is_then_dropped() {
    let h = harness();
    for attempt in [0, 1] {
        let orphan = format!(r#"{{"id":"0190d5a0-0000-7000-8000-000000000001","attempt":{attempt}}}"#);
        assert!(!h.retry(&orphan, 1).await);
        assert!(h.retry(&orphan, 2).await);
    }
    assert!(h.fakes.queue.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_attempt_goes_on_at_the_step_that_failed() {
    for case in CASES {
        let h = harness();
        let before = std::iter::repeat_n(good(), case.step);
        h.fakes.transport.script(before, Script::answer(500, ""));
        let got = h.post(GENERATE, sample(case.funder)).await;
        assert_eq!(got.status, 202);
        let first = first_attempt(&h).await;
        assert!(h.retry(&first, 1).await, "fails at the same step");
        let second = h.fakes.queue.take().remove(0);
        tokio::time::advance(second.delay).await;
        let done = h.paths().len();
        h.fakes.transport.script([], good());
        assert!(h.retry(&second.body, 1).await);
        assert_eq!(h.quote().status, QuoteStatus::Generated, "{case:?}");
        assert_eq!(h.paths()[done..], case.paths[case.step..], "{case:?}");
        for path in &case.paths[..case.step] {
            let calls = h.paths().iter().filter(|called| called == path).count();
            assert_eq!(calls, 1, "{case:?}: not repeated");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_look_while_the_call_is_at_work_changes_nothing() {
    let h = harness();
    let slow = Script::Late(Duration::from_secs(7), Box::new(priced()));
    h.fakes.transport.script([slow], priced());
    let look = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        h.first_look().await;
    };
    let (got, ()) = tokio::join!(h.post(GENERATE, SAMPLE).into_future(), look);
    assert_eq!((got.status, h.calls().len()), (201, 1));
    let next = h.fakes.queue.take().remove(0);
    assert_eq!(next.delay.as_secs(), 25, "not before the call must be over");
    tokio::time::advance(next.delay).await;
    assert!(h.retry(&next.body, 1).await);
    assert_eq!(h.calls().len(), 1, "it was priced meanwhile");
    assert_eq!(h.fakes.bus.published().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crashed_call_has_left_a_message_that_goes_on() {
    let h = harness();
    let slow = Script::Late(Duration::from_secs(7), Box::new(priced()));
    h.fakes.transport.script([slow], priced());
    let call = h.post(GENERATE, SAMPLE).into_future();
    assert!(tokio::time::timeout(Duration::from_secs(2), call).await.is_err());
    let first = first_attempt(&h).await;
    assert!(h.retry(&first, 1).await);
    assert_eq!(h.quote().status, QuoteStatus::Generated);
}

#[tokio::test(start_paused = true)]
async fn an_attempts_progress_is_kept_for_the_next() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(500, ""));
    let got = h.post(GENERATE, sample("ALPHABET")).await;
    assert_eq!(got.status, 202);
    let mut message = first_attempt(&h).await;
    // Each attempt gets one step further.
    for step in 0..2 {
        h.fakes.transport.script([good()], Script::answer(500, ""));
        assert!(h.retry(&message, 1).await);
        let next = h.fakes.queue.take().remove(0);
        assert_eq!(next.delay.as_secs(), [60, 120][step]);
        tokio::time::advance(next.delay).await;
        message = next.body;
    }
    h.fakes.transport.script([], good());
    let done = h.paths().len();
    assert!(h.retry(&message, 1).await);
    assert_eq!(h.quote().status, QuoteStatus::Generated);
    assert_eq!(h.paths()[done..], CASES[3].paths[2..], "only the last step is left");
}
