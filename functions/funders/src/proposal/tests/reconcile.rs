//! The schedule: when it asks the funder, what it sends again, and what it escalates.

use std::sync::Arc;
use std::time::Duration;

use model::id::ProposalId;
use model::proposal::ProposalStatus;
use model::quote::QuoteStatus;
use runtime::testing::Harness;
use serde_json::json;

use crate::Env;
use crate::proposal::Phase;
use crate::testing::FailureMode::{Answer, Reset};
use crate::testing::Reaction::{Fails, Loses, Unreachable};
use crate::testing::{FakeFunder, FundersHarness, proposal_harness};

const SUBMIT: &str = "funders-proposal-submit";

/// A proposal with an unknown outcome, which the funder has if it `arrived`.
async fn unknown(arrived: bool) -> (Harness<Env>, Arc<FakeFunder>, ProposalId) {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    funder.submissions([if arrived { Loses(Reset) } else { Fails(Reset) }]);
    assert_eq!(h.submit(id).await, Some(true));
    assert_eq!(h.phase(id), Phase::Unknown);
    (h, funder, id)
}

/// Whole minutes from the submission to the first question, and from each question to the next.
fn pauses(funder: &FakeFunder) -> Vec<u64> {
    let first = funder.post_times()[0];
    let times: Vec<_> = [first].into_iter().chain(funder.asked()).collect();
    times
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs() / 60)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_asked_after_at_1_2_4_minutes() {
    let (h, funder, id) = unknown(true).await;
    funder.questions(vec![Fails(Answer(500, "")); 9]);
    h.minutes(400).await;
    assert_eq!(pauses(&funder)[..10], [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    assert_eq!(
        (h.proposal_row(id).status, funder.posts().len()),
        (ProposalStatus::Submitted, 1)
    );
    assert_eq!(h.announced().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn three_denials_send_it_again_and_no_failure_counts_as_one() {
    let (h, funder, id) = unknown(false).await;
    funder.questions([Fails(Answer(500, "")), Unreachable, Fails(Reset)]);
    h.minutes(7).await;
    assert_eq!((funder.asked().len(), h.phase(id)), (3, Phase::Unknown));
    h.minutes(8 + 16).await;
    assert_eq!((h.proposal_row(id).denials, h.sent("submit").len()), (2, 0));
    h.minutes(32).await;
    let sent = h.fakes.queue.take();
    assert_eq!((h.phase(id), sent.len()), (Phase::Waiting, 1));
    funder.submissions([Fails(Reset)]);
    assert_eq!(h.deliver(SUBMIT, &sent[0].body).await, Some(true));
    // Once only: a funder that cannot find what it got twice may have it twice.
    h.minutes(24 * 60 + 120).await;
    assert_eq!(
        (funder.posts().len(), h.sent("submit").len(), h.sent("dead").len()),
        (2, 0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_arrives_at_the_second_attempt_is_the_only_one() {
    let (h, funder, id) = unknown(false).await;
    h.minutes(7).await;
    let sent = h.fakes.queue.take().pop().unwrap();
    for deliveries in 1..4 {
        h.redeliver(SUBMIT, &sent.body, deliveries).await;
    }
    assert_eq!((funder.posts().len(), funder.all_taken()), (2, 1));
    assert_eq!(h.proposal_row(id).status, ProposalStatus::Submitted);
}

#[tokio::test(start_paused = true)]
async fn after_a_day_it_is_escalated_and_an_operator_may_have_the_schedule_ask_again() {
    let (h, funder, id) = unknown(true).await;
    funder.questions(vec![Unreachable; 1000]);
    h.minutes(24 * 60 + 61).await;
    let dead = h.sent("dead");
    assert_eq!(
        (dead.len(), dead[0].reason.as_deref()),
        (1, Some("outcome unknown for 24 hours"))
    );
    assert_eq!(dead[0].body, json!({"id": id}).to_string());
    assert_eq!(
        (h.proposal_row(id).status, funder.posts().len()),
        (ProposalStatus::Pending, 1)
    );
    let asked = funder.asked().len();
    h.minutes(180).await;
    assert_eq!(
        (funder.asked().len(), h.sent("dead").len()),
        (asked, 1),
        "the schedule has stopped"
    );
    funder.questions([]);
    for _ in 0..2 {
        assert_eq!(h.deliver(SUBMIT, &dead[0].body).await, Some(true));
    }
    h.minutes(1).await;
    assert_eq!(
        (h.proposal_row(id).status, funder.posts().len()),
        (ProposalStatus::Submitted, 1)
    );
    assert_eq!(
        h.deliver(SUBMIT, &dead[0].body).await,
        Some(true),
        "a settled proposal does not change"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_message_and_a_crashed_sender_are_found() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("ALPHABET");
    h.minutes(9).await;
    assert!(h.sent("submit").is_empty());
    h.minutes(1).await;
    assert_eq!(h.sent("submit").len(), 1);
    // The sender crashes with the request on its way.
    for steps in 0.. {
        if h.crash_after(steps).submit(id).await.is_some() || funder.all_taken() == 1 {
            break;
        }
        let crashed = h.phase(id);
        assert_ne!(crashed, Phase::Sent);
        if crashed == Phase::Sending {
            break;
        }
    }
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(h.phase(id), Phase::Sending, "the sender may still be running");
    h.minutes(3).await;
    assert!(matches!(h.phase(id), Phase::Unknown | Phase::Sent));
}

#[tokio::test(start_paused = true)]
async fn the_schedule_asks_until_there_is_a_decision() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    h.submit(id).await;
    h.minutes(3).await;
    assert_eq!(funder.asked().len(), 2);
    funder.decide(&id.to_string(), "REFERRED");
    h.minutes(4).await;
    assert_eq!(h.proposal_row(id).status, ProposalStatus::Referred);
    funder.decide(&id.to_string(), "DECLINED");
    h.minutes(60).await;
    assert_eq!(h.proposal_row(id).status, ProposalStatus::Declined);
    let asked = funder.asked().len();
    funder.decide(&id.to_string(), "ACCEPTED");
    h.minutes(120).await;
    assert_eq!(
        (funder.asked().len(), h.proposal_row(id).status),
        (asked, ProposalStatus::Declined)
    );
    let kinds: Vec<_> = h.announced().into_iter().map(|event| event.0).collect();
    assert_eq!(kinds, ["proposal.submitted", "proposal.referred", "proposal.declined"]);
}

#[tokio::test(start_paused = true)]
async fn a_quote_expires_with_one_event() {
    let (h, _) = proposal_harness();
    let end = h.now() + jiff::SignedDuration::from_mins(2);
    let quote = h.changed_quote("LEX", |row| row.valid_until = Some(end));
    // The quote's worker announces the price first.
    let first_look = json!({"id": quote.id, "attempt": 0}).to_string();
    assert!(h.retry(&first_look, 1).await);
    h.minutes(5).await;
    assert_eq!(h.quote_row(quote.id).status, QuoteStatus::Expired);
    let events: Vec<_> = h.announced().into_iter().map(|event| (event.0, event.2)).collect();
    assert_eq!(events, [("quote.generated", quote.created_at), ("quote.expired", end)]);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_crashes_at_any_step_changes_nothing_for_good() {
    for (word, status, event) in [
        ("ACCEPTED", ProposalStatus::Approved, "proposal.approved"),
        ("SUBMITTED", ProposalStatus::Submitted, "proposal.submitted"),
    ] {
        for steps in 0.. {
            let (h, funder, id) = unknown(true).await;
            funder.decide(&id.to_string(), word);
            tokio::time::advance(Duration::from_secs(60)).await;
            let crashed = h.crash_after(steps).reconcile().await.is_none();
            // A write to the row in between does not change the event.
            funder.questions([Unreachable]);
            h.minutes(5).await;
            let row = h.proposal_row(id);
            assert_eq!((row.status, funder.posts().len()), (status, 1));
            assert_eq!(row.is_idle(), status.is_final());
            let mut events = h.announced();
            events.dedup();
            let kinds: Vec<_> = events.iter().map(|event| event.0).collect();
            assert_eq!(kinds, [event], "after {steps} steps: {events:?}");
            if !crashed {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_run_does_what_one_run_cannot() {
    let (h, funder) = proposal_harness();
    let ids: Vec<_> = (0..150).map(|_| h.proposal("LEX")).collect();
    funder.submissions(vec![Loses(Reset); 150]);
    for id in &ids {
        h.submit(*id).await;
    }
    h.minutes(3).await;
    let submitted = |id: &ProposalId| h.proposal_row(*id).status == ProposalStatus::Submitted;
    assert!(ids.iter().all(submitted));
    assert_eq!((funder.posts().len(), funder.all_taken()), (150, 150));
}

/// Proposals whose messages are lost, when the schedule looks at them.
async fn lost(number: u32) -> Harness<Env> {
    let (h, _) = proposal_harness();
    for _ in 0..number {
        h.proposal("LEX");
    }
    tokio::time::advance(Duration::from_secs(600)).await;
    h
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_one_proposal_does_not_stop_the_others() {
    let h = lost(12).await;
    h.fakes.queue.refuse(1);
    assert_eq!(h.reconcile().await, Some(false), "the run reports the failure");
    assert_eq!(h.sent("submit").len(), 12);
}

#[tokio::test(start_paused = true)]
async fn one_run_takes_more_proposals_than_one_read() {
    // All of them are due in the same second.
    let h = lost(1_101).await;
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(h.sent("submit").len(), 1_101);
}

#[tokio::test(start_paused = true)]
async fn proposals_that_fail_keep_no_others_waiting() {
    let h = lost(250).await;
    h.fakes.queue.refuse(100);
    assert_eq!(h.reconcile().await, Some(false), "the run reports the failures");
    assert_eq!(h.sent("submit").len(), 250);
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_stays_due_is_tried_twice_in_a_run() {
    let h = lost(120).await;
    h.fakes.queue.refuse(240);
    assert_eq!(h.reconcile().await, Some(false));
    assert!(h.sent("submit").is_empty());
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(h.sent("submit").len(), 120);
}

#[tokio::test(start_paused = true)]
async fn without_time_a_proposal_waits_for_the_next_run() {
    let h = lost(1).await;
    assert_eq!(
        h.clone().time_limit(Duration::from_secs(9)).reconcile().await,
        Some(true)
    );
    assert!(h.sent("submit").is_empty());
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(h.sent("submit").len(), 1);
}
