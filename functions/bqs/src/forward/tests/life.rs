//! What becomes of changes when nobody dies.

use std::time::Duration;

use runtime::store;
use serde_json::Value;

use super::post::{CASE, Post};
use super::upstream::Does::{self, Fails, Loses, Unreachable, Well};
use super::upstream::How::{Reset, Says, Silent, Waits};
use super::upstream::Upstream;
use crate::case::row::{CaseRow, Sequence};
use crate::forward::row::{UpstreamRow, Why};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const REFUSAL: &str =
    r#"{"title":"One or more validation errors occurred.","status":400,"errors":{"$.dealer":["unknown"]}}"#;

#[tokio::test(start_paused = true)]
async fn every_change_goes_upstream_in_order_and_its_answer_is_kept() {
    let post = Post::new(true);
    let case = post.case(7, 6);
    assert_eq!(post.wake(case).await, Some(true));
    assert_eq!(post.upstream.made(7), [1, 2, 3, 4, 5, 6]);
    let seen = post.upstream.seen();
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
    let row = post.row(case);
    assert_eq!(
        (row.forwarded_through, row.upstream, row.sending),
        (6, Some(700_007), None)
    );
    assert!(row.taken_for(post.now()).is_none() && post.sent().is_empty());
    let answers = post.rows(case, "ANSWER#");
    assert_eq!(answers.len(), 6);
    let first: Value = store::typed(answers[0].clone()).unwrap();
    assert_eq!((&first["n"], &first["status"]), (&1.into(), &201.into()));
    assert_eq!(first["body"], r#"{"sequence":700007}"#);
    let found = UpstreamRow::load(&post.env, Upstream::number(7))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.sequence, case);
    // Woken again, there is nothing to do and nothing is written.
    assert_eq!(post.wake(case).await, Some(true));
    assert_eq!(post.upstream.seen().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn without_an_upstream_nothing_happens() {
    let post = Post::with(true, &[("BQS_UPSTREAM_URL", "")]);
    let case = post.case(7, 2);
    let before = post.world.store.table("cases");
    assert_eq!(post.wake(case).await, Some(true));
    assert!(post.upstream.seen().is_empty() && post.sent().is_empty());
    assert_eq!(post.world.store.table("cases"), before);
}

#[tokio::test(start_paused = true)]
async fn a_message_for_nothing_is_done_with() {
    let post = Post::new(true);
    assert_eq!(post.wake(Sequence(9)).await, Some(true));
    assert!(post.world.store.table("cases").is_empty());
}

/// What did not get through, by what upstream does, where our keys are honoured and where they are not.
#[tokio::test(start_paused = true)]
async fn what_may_have_been_made_is_sent_again_only_under_a_key_that_is_honoured() {
    let cases: [(Does, bool); 13] = [
        (Unreachable, true),
        (Fails(Waits("3")), true),
        (Fails(Says(401, "")), true),
        (Fails(Says(503, "")), false),
        (Fails(Says(502, "<html><body>Bad gateway</body></html>")), false),
        (Fails(Says(500, "")), false),
        (Fails(Says(408, "")), false),
        (Fails(Reset), false),
        (Fails(Silent), false),
        (Loses(Reset), false),
        (Loses(Silent), false),
        (Loses(Says(504, "")), false),
        (Loses(Says(200, "<html>")), false),
    ];
    for (does, harmless) in cases {
        for honours in [true, false] {
            let post = Post::new(honours);
            let case = post.case(7, 3);
            // A refused key is tried once more at once, with the secret as it is then.
            let again = if matches!(does, Fails(Says(401, _))) {
                vec![does.clone(); 2]
            } else {
                vec![does.clone()]
            };
            post.upstream.script(again);
            assert_eq!(post.wake(case).await, Some(true), "{does:?}");
            post.settle(Vec::new(), Duration::from_secs(60)).await;
            let row = post.row(case);
            let made = post.upstream.made(7);
            if harmless || honours {
                assert_eq!((made, row.forwarded_through), (vec![1, 2, 3], 3), "{does:?} {honours}");
                assert!(row.held.is_none() && row.trouble.is_none());
                continue;
            }
            let held = row.held.unwrap();
            assert_eq!((held.n, held.why), (1, Why::Unknown), "{does:?}");
            let there = matches!(does, Loses(_));
            assert_eq!(made, if there { vec![1] } else { vec![] }, "{does:?}");
            // Later changes wait.
            assert_eq!(post.wake(case).await, Some(true));
            assert_eq!(post.upstream.seen().len(), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_held_with_upstreams_reason_and_only_its_case_waits() {
    let post = Post::new(true);
    let (case, other) = (post.case(7, 3), post.case(8, 2));
    post.upstream.script([Well, Fails(Says(400, REFUSAL))]);
    post.wake(case).await;
    let held = post.row(case).held.unwrap();
    assert_eq!((held.n, held.why), (2, Why::Refused));
    assert_eq!(
        held.reason,
        "BQS answered 400: One or more validation errors occurred. $.dealer: unknown"
    );
    post.wake(other).await;
    assert_eq!((post.upstream.made(7), post.upstream.made(8)), (vec![1], vec![1, 2]));
    for status in [403, 404, 409, 422] {
        let post = Post::new(false);
        let case = post.case(7, 1);
        post.upstream.script([Fails(Says(status, ""))]);
        post.wake(case).await;
        assert_eq!(post.row(case).held.unwrap().why, Why::Refused, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_gets_through_is_tried_ever_more_seldom_for_a_day_and_then_held() {
    let post = Post::new(true);
    let case = post.case(7, 1);
    post.upstream.script(vec![Unreachable; 1000]);
    post.wake(case).await;
    let mut waits = Vec::new();
    let began = post.now();
    while post.row(case).held.is_none() {
        let mut sent = post.sent();
        assert_eq!(sent.len(), 1, "one wake-up for each failure");
        let message = sent.remove(0);
        waits.push(message.due.duration_since(tokio::time::Instant::now()).as_secs());
        tokio::time::sleep_until(message.due).await;
        post.deliver(&message.body, 1).await;
    }
    assert_eq!(waits[..9], [6, 11, 21, 41, 81, 161, 321, 641, 900]);
    assert!(waits[9..].iter().all(|wait| *wait == 900));
    let held = post.row(case).held.unwrap();
    let hours = held.at.duration_since(began).as_hours();
    assert_eq!((held.why, hours), (Why::Expired, 24));
    assert!(post.upstream.seen().len() < 120);
    assert!(post.settle(Vec::new(), DAY).await < DAY);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_comes_while_another_waits_waits_too() {
    let post = Post::new(true);
    let case = post.case(7, 1);
    post.upstream.script([Fails(Says(503, ""))]);
    post.wake(case).await;
    let mut row = CaseRow::load(&post.env, case).await.unwrap().unwrap();
    post.change(&mut row, 2);
    let before = post.sent();
    post.wake(case).await;
    assert_eq!((post.upstream.seen().len(), before.len()), (1, 1));
    post.settle(before, Duration::from_secs(60)).await;
    assert_eq!(post.upstream.made(7), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_case_is_one_workers_and_who_comes_too_comes_again() {
    let post = Post::new(false);
    let case = post.case(7, 4);
    let late = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        post.wake(case).await
    };
    // Two at the same time and one that comes later.
    let done = tokio::join!(post.wake(case), post.wake(case), late);
    assert_eq!(done, (Some(true), Some(true), Some(true)));
    assert_eq!(post.world.outbox.sent().len(), 1, "who was late comes again");
    post.settle(Vec::new(), Duration::from_secs(300)).await;
    assert_eq!(post.upstream.made(7), [1, 2, 3, 4]);
    assert!(post.row(case).held.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_worker_stops_in_time_and_somebody_else_goes_on() {
    let post = Post::new(true);
    let case = post.case(7, 9);
    // Each failure but the last takes all of its time.
    let slow = || [Well, Well];
    post.upstream.script(slow());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let body = serde_json::to_string(&crate::forward::Wake::of(case)).unwrap();
    let mut message = aws_lambda_events::sqs::SqsMessage::default();
    message.body = Some(body);
    let mut event = aws_lambda_events::sqs::SqsEvent::default();
    event.records.push(message);
    // There is time for one change only.
    let time = runtime::testing::within(Duration::from_secs(14) + Duration::from_millis(10));
    let answer = runtime::queue(crate::forward::forward)
        .work(post.env.clone(), post.clock, time, event)
        .await;
    assert!(answer.batch_item_failures.is_empty());
    assert_eq!(post.upstream.made(7), [1]);
    assert!(post.row(case).taken_for(post.now()).is_none());
    post.settle(Vec::new(), Duration::from_secs(60)).await;
    assert_eq!(post.upstream.made(7), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_sends_nothing_and_the_message_comes_back() {
    let post = Post::new(false);
    let case = post.case(7, 1);
    post.world.safe.secrets.lock().unwrap().clear();
    assert_eq!(post.wake(case).await, Some(false));
    let row = post.row(case);
    assert!(row.held.is_none() && row.sending.is_none() && row.taken_for(post.now()).is_none());
    assert!(post.upstream.seen().is_empty());
}
