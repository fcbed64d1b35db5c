//! Changes on their way upstream while no worker crashes.

use std::time::Duration;

use runtime::port::store;
use runtime::work::row::Row;
use serde_json::Value;

use super::fake_upstream::Failure::{Answers, Reset, Silent, Throttles};
use super::fake_upstream::FakeUpstream;
use super::fake_upstream::Handling::{self, Fails, Loses, Makes, Unreachable};
use super::simulation::{CASE, Simulation};
use crate::case::row::{CaseRow, Sequence};
use crate::forward::HoldReason;
use crate::forward::{ForwarderWake, UpstreamRow};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const REFUSAL: &str =
    r#"{"title":"One or more validation errors occurred.","status":400,"errors":{"$.dealer":["unknown"]}}"#;

#[tokio::test(start_paused = true)]
async fn every_change_goes_upstream_in_order_and_its_answer_is_stored() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 6);
    assert_eq!(simulation.wake(case).await, Some(true));
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4, 5, 6]);
    let seen = simulation.upstream.seen();
    let paths: Vec<_> = seen.iter().map(|request| request.uri().path()).collect();
    let of = |path: &str| format!("/v1/bqs-case/{path}");
    let wanted = [
        "case",
        "case/700007",
        "case/700007/score-customer",
        "document/700007",
        "case/700007/business-consent",
        "case/700007",
    ];
    assert_eq!(paths, wanted.map(of));
    assert_eq!(seen[0].body(), CASE);
    assert_eq!(seen[0].headers()["x-api-key"], "test-upstream-key");
    assert!(seen[0].headers().contains_key("x-correlation-id"));
    assert!(seen[3].body().windows(8).any(|bytes| bytes == b"%PDF-1.4"));
    let row = simulation.row(case);
    assert_eq!(
        (row.forwarded_through, row.upstream, row.sending),
        (6, Some(700_007), None)
    );
    assert!(row.lease_left(simulation.now()).is_none() && simulation.sent().is_empty());
    let answers = simulation.rows(case, "ANSWER#");
    assert_eq!(answers.len(), 6);
    let first: Value = store::typed(answers[0].clone()).unwrap();
    assert_eq!((&first["n"], &first["status"]), (&1.into(), &201.into()));
    assert_eq!(first["body"], r#"{"sequence":700007}"#);
    let found = UpstreamRow::load(simulation.hub.env().table().unwrap(), &FakeUpstream::number(7))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.sequence, case);
    // A second message finds nothing to send.
    assert_eq!(simulation.wake(case).await, Some(true));
    assert_eq!(simulation.upstream.seen().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn without_an_upstream_nothing_is_sent() {
    let simulation = Simulation::with(true, &[("BQS_UPSTREAM_URL", "")]);
    let case = simulation.case(7, 2);
    let before = simulation.hub.fakes.store.table("cases");
    assert_eq!(simulation.wake(case).await, Some(true));
    assert!(simulation.upstream.seen().is_empty() && simulation.sent().is_empty());
    // Only the progress of the scans is new.
    let row = simulation.row(case);
    assert_eq!((row.forwarded_through, row.scanned_through), (0, 2));
    assert!(row.sending.is_none() && row.lease_left(simulation.now()).is_none());
    let mut after = simulation.hub.fakes.store.table("cases");
    after.retain(|row| *row["sk"].as_s().unwrap() != "FORWARD");
    assert_eq!(after, before);
    // A second message writes nothing.
    let before = simulation.rows(case, "FORWARD");
    assert_eq!(simulation.wake(case).await, Some(true));
    assert_eq!(simulation.rows(case, "FORWARD"), before);
}

#[tokio::test(start_paused = true)]
async fn a_message_for_no_case_is_done() {
    let simulation = Simulation::new(true);
    assert_eq!(simulation.wake(Sequence(9)).await, Some(true));
    assert!(simulation.hub.fakes.store.table("cases").is_empty());
}

/// Each failure at an upstream that makes a change once per idempotency key, and at one that does not.
#[tokio::test(start_paused = true)]
async fn a_change_with_an_unknown_outcome_is_sent_again_only_to_an_idempotent_upstream() {
    let cases: [(Handling, bool); 13] = [
        (Unreachable, true),
        (Fails(Throttles("3")), true),
        (Fails(Answers(401, "")), true),
        (Fails(Answers(503, "")), false),
        (Fails(Answers(502, "<html><body>Bad gateway</body></html>")), false),
        (Fails(Answers(500, "")), false),
        (Fails(Answers(408, "")), false),
        (Fails(Reset), false),
        (Fails(Silent), false),
        (Loses(Reset), false),
        (Loses(Silent), false),
        (Loses(Answers(504, "")), false),
        (Loses(Answers(200, "<html>")), false),
    ];
    for (handling, harmless) in cases {
        for idempotent in [true, false] {
            let simulation = Simulation::new(idempotent);
            let case = simulation.case(7, 3);
            // After a refused api key the hub reads the secret again and repeats the request at once.
            let again = if matches!(handling, Fails(Answers(401, _))) {
                vec![handling.clone(); 2]
            } else {
                vec![handling.clone()]
            };
            simulation.upstream.script(again);
            assert_eq!(simulation.wake(case).await, Some(true), "{handling:?}");
            simulation.settle(Vec::new(), Duration::from_secs(60)).await;
            let row = simulation.row(case);
            let made = simulation.upstream.made(7);
            if harmless || idempotent {
                assert_eq!(
                    (made, row.forwarded_through),
                    (vec![1, 2, 3], 3),
                    "{handling:?} {idempotent}"
                );
                assert!(row.held.is_none() && row.retry.is_none());
                let failed = u32::from(matches!(handling, Fails(Answers(401, _)))) + 1;
                let counted: Vec<u32> = (0..=failed).chain([0, 0]).collect();
                assert_eq!(simulation.retry_counts(), counted, "{handling:?}");
                continue;
            }
            let held = row.held.unwrap();
            assert_eq!((held.n, held.why), (1, HoldReason::Unknown), "{handling:?}");
            let there = matches!(handling, Loses(_));
            assert_eq!(made, if there { vec![1] } else { vec![] }, "{handling:?}");
            // Later changes wait.
            assert_eq!(simulation.wake(case).await, Some(true));
            assert_eq!(simulation.upstream.seen().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_held_with_upstreams_reason_and_only_its_case_waits() {
    let simulation = Simulation::new(true);
    let (case, other) = (simulation.case(7, 3), simulation.case(8, 2));
    simulation.upstream.script([Makes, Fails(Answers(400, REFUSAL))]);
    simulation.wake(case).await;
    let held = simulation.row(case).held.unwrap();
    assert_eq!((held.n, held.why), (2, HoldReason::Refused));
    assert_eq!(
        held.reason,
        "BQS answered 400: One or more validation errors occurred. $.dealer: unknown"
    );
    simulation.wake(other).await;
    assert_eq!(
        (simulation.upstream.made(7), simulation.upstream.made(8)),
        (vec![1], vec![1, 2])
    );
    for status in [403, 404, 409, 422] {
        let simulation = Simulation::new(false);
        let case = simulation.case(7, 1);
        simulation.upstream.script([Fails(Answers(status, ""))]);
        simulation.wake(case).await;
        assert_eq!(simulation.row(case).held.unwrap().why, HoldReason::Refused, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_never_arrives_is_retried_ever_more_seldom_for_a_day_and_then_held() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 1);
    simulation.upstream.script(vec![Unreachable; 1000]);
    simulation.wake(case).await;
    let mut waits = Vec::new();
    let began = simulation.now();
    while simulation.row(case).held.is_none() {
        let mut sent = simulation.sent();
        assert_eq!(sent.len(), 1, "one message for each failure");
        let message = sent.remove(0);
        waits.push(message.due.duration_since(tokio::time::Instant::now()).as_secs());
        tokio::time::sleep_until(message.due).await;
        simulation.deliver(&message.body, 1).await;
    }
    assert_eq!(waits[..9], [6, 11, 21, 41, 81, 161, 321, 641, 900]);
    assert!(waits[9..].iter().all(|wait| *wait == 900));
    let held = simulation.row(case).held.unwrap();
    let hours = held.at.duration_since(began).as_hours();
    assert_eq!((held.why, hours), (HoldReason::Expired, 24));
    assert!(simulation.upstream.seen().len() < 120);
    assert!(simulation.settle(Vec::new(), DAY).await < DAY);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_added_while_another_waits_waits_too() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 1);
    simulation.upstream.script([Fails(Answers(503, ""))]);
    simulation.wake(case).await;
    let mut row = CaseRow::load(simulation.hub.env().table().unwrap(), &case)
        .await
        .unwrap()
        .unwrap();
    simulation.change(&mut row, 2);
    let before = simulation.sent();
    simulation.wake(case).await;
    assert_eq!((simulation.upstream.seen().len(), before.len()), (1, 1));
    simulation.settle(before, Duration::from_secs(60)).await;
    assert_eq!(simulation.upstream.made(7), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn one_worker_has_the_lease_of_a_case_and_another_comes_again() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 4);
    let late = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        simulation.wake(case).await
    };
    // Two workers at the same time and one later.
    let done = tokio::join!(simulation.wake(case), simulation.wake(case), late);
    assert_eq!(done, (Some(true), Some(true), Some(true)));
    assert_eq!(
        simulation.hub.fakes.queue.sent().len(),
        1,
        "the late worker sent a message"
    );
    simulation.settle(Vec::new(), Duration::from_secs(300)).await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4]);
    assert!(simulation.row(case).held.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_worker_stops_in_time_and_another_continues() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 9);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let body = serde_json::to_string(&ForwarderWake::of(case)).unwrap();
    // There is time for one change only.
    let short = simulation
        .hub
        .clone()
        .time_limit(Duration::from_secs(14) + Duration::from_millis(10));
    assert_eq!(short.deliver("bqs-forward", &body).await, Some(true));
    assert_eq!(simulation.upstream.made(7), [1]);
    assert!(simulation.row(case).lease_left(simulation.now()).is_none());
    simulation.settle(Vec::new(), Duration::from_secs(60)).await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn without_a_secret_nothing_is_sent_and_the_message_comes_back() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 1);
    simulation.hub.fakes.secrets.secrets.lock().unwrap().clear();
    assert_eq!(simulation.wake(case).await, Some(false));
    let row = simulation.row(case);
    assert!(row.held.is_none() && row.sending.is_none() && row.lease_left(simulation.now()).is_none());
    assert!(simulation.upstream.seen().is_empty());
}
