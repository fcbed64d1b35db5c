//! The schedule: who is asked when, what is sent again, and what is handed over.

use std::time::Duration;

use model::id::ProposalId;
use model::proposal::ProposalStatus;
use model::quote::QuoteStatus;
use serde_json::json;

use super::bank::Does::{Fails, Loses, Unreachable};
use super::bank::How::{Reset, Says};
use super::house::{House, minutes};
use crate::proposal::Stage;
use crate::proposal::submit::submit;

/// A proposal whose outcome nobody knows; whether the funder has it.
async fn unknown(arrived: bool) -> (House, ProposalId) {
    let house = House::new();
    let id = house.proposal("LEX");
    house
        .bank
        .submissions([if arrived { Loses(Reset) } else { Fails(Reset) }]);
    assert_eq!(house.submit(id).await, Some(true));
    assert_eq!(house.stage(id), Stage::Unknown);
    (house, id)
}

/// Whole minutes between one question and the next, the first from the sending.
fn pauses(house: &House) -> Vec<u64> {
    let first = house.bank.post_times()[0];
    let times: Vec<_> = [first].into_iter().chain(house.bank.asked()).collect();
    times.windows(2).map(|pair| minutes(pair[0], pair[1])).collect()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_asked_after_at_1_2_4_minutes() {
    let (house, id) = unknown(true).await;
    house.bank.questions(vec![Fails(Says(500, "")); 9]);
    house.minutes(400).await;
    assert_eq!(pauses(&house)[..10], [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    assert_eq!(
        (house.row(id).status, house.bank.posts().len()),
        (ProposalStatus::Submitted, 1)
    );
    assert_eq!(house.said().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn three_denials_send_it_again_and_no_failure_counts_as_one() {
    let (house, id) = unknown(false).await;
    house.bank.questions([Fails(Says(500, "")), Unreachable, Fails(Reset)]);
    house.minutes(7).await;
    assert_eq!((house.bank.asked().len(), house.stage(id)), (3, Stage::Unknown));
    house.minutes(8 + 16).await;
    assert_eq!((house.row(id).denials, house.sent("submit").len()), (2, 0));
    house.minutes(32).await;
    let sent = house.world.outbox.take();
    assert_eq!((house.stage(id), sent.len()), (Stage::Waiting, 1));
    house.bank.submissions([Fails(Reset)]);
    assert_eq!(house.deliver(submit, &sent[0].body, 1).await, Some(true));
    // Once: a funder that cannot find what it was sent twice may have it twice.
    house.minutes(24 * 60 + 120).await;
    assert_eq!(
        (
            house.bank.posts().len(),
            house.sent("submit").len(),
            house.sent("dead").len()
        ),
        (2, 0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_again_and_arrived_is_the_only_one() {
    let (house, id) = unknown(false).await;
    house.minutes(7).await;
    let sent = house.world.outbox.take().pop().unwrap();
    for deliveries in 1..4 {
        house.deliver(submit, &sent.body, deliveries).await;
    }
    assert_eq!((house.bank.posts().len(), house.bank.all_taken()), (2, 1));
    assert_eq!(house.row(id).status, ProposalStatus::Submitted);
}

#[tokio::test(start_paused = true)]
async fn after_a_day_it_is_an_operators_who_may_have_it_asked_again() {
    let (house, id) = unknown(true).await;
    house.bank.questions(vec![Unreachable; 1000]);
    house.minutes(24 * 60 + 61).await;
    let dead = house.sent("dead");
    assert_eq!(
        (dead.len(), dead[0].reason.as_deref()),
        (1, Some("outcome unknown for 24 hours"))
    );
    assert_eq!(dead[0].body, json!({"id": id}).to_string());
    assert_eq!(
        (house.row(id).status, house.bank.posts().len()),
        (ProposalStatus::Pending, 1)
    );
    let asked = house.bank.asked().len();
    house.minutes(180).await;
    assert_eq!(
        (house.bank.asked().len(), house.sent("dead").len()),
        (asked, 1),
        "nobody goes on by himself"
    );
    house.bank.questions([]);
    for _ in 0..2 {
        assert_eq!(house.deliver(submit, &dead[0].body, 1).await, Some(true));
    }
    house.minutes(1).await;
    assert_eq!(
        (house.row(id).status, house.bank.posts().len()),
        (ProposalStatus::Submitted, 1)
    );
    assert_eq!(
        house.deliver(submit, &dead[0].body, 1).await,
        Some(true),
        "what is settled stays so"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_message_and_a_lost_sender_are_found() {
    let house = House::new();
    let id = house.proposal("ALPHABET");
    house.minutes(9).await;
    assert!(house.sent("submit").is_empty());
    house.minutes(1).await;
    assert_eq!(house.sent("submit").len(), 1);
    // The sender dies with the request on its way.
    for steps in 0.. {
        if house.dying(steps).submit(id).await.is_some() || house.bank.all_taken() == 1 {
            break;
        }
        let crashed = house.stage(id);
        assert_ne!(crashed, Stage::Sent);
        if crashed == Stage::Sending {
            break;
        }
    }
    assert_eq!(house.reconcile().await, Some(true));
    assert_eq!(house.stage(id), Stage::Sending, "whoever is sending may be alive");
    house.minutes(3).await;
    assert!(matches!(house.stage(id), Stage::Unknown | Stage::Sent));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_decided_is_asked_after_until_it_is() {
    let house = House::new();
    let id = house.proposal("LEX");
    house.submit(id).await;
    house.minutes(3).await;
    assert_eq!(house.bank.asked().len(), 2);
    house.bank.decide(&id.to_string(), "REFERRED");
    house.minutes(4).await;
    assert_eq!(house.row(id).status, ProposalStatus::Referred);
    house.bank.decide(&id.to_string(), "DECLINED");
    house.minutes(60).await;
    assert_eq!(house.row(id).status, ProposalStatus::Declined);
    let asked = house.bank.asked().len();
    house.bank.decide(&id.to_string(), "ACCEPTED");
    house.minutes(120).await;
    assert_eq!(
        (house.bank.asked().len(), house.row(id).status),
        (asked, ProposalStatus::Declined)
    );
    let kinds: Vec<_> = house.said().into_iter().map(|said| said.0).collect();
    assert_eq!(kinds, ["proposal.submitted", "proposal.referred", "proposal.declined"]);
}

#[tokio::test(start_paused = true)]
async fn a_quote_ends_and_the_world_is_told_once() {
    let house = House::new();
    let end = house.now() + jiff::SignedDuration::from_mins(2);
    let quote = house.quote("LEX", |row| row.valid_until = Some(end));
    // What its worker does with it.
    let watch = json!({"id": quote.id, "attempt": 0}).to_string();
    assert_eq!(house.deliver(crate::quote::retry::retry, &watch, 1).await, Some(true));
    house.minutes(5).await;
    assert_eq!(house.quote_row(quote.id).status, QuoteStatus::Expired);
    let said: Vec<_> = house.said().into_iter().map(|said| (said.0, said.2)).collect();
    assert_eq!(said, [("quote.generated", quote.created_at), ("quote.expired", end)]);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_dies_at_any_step_changes_nothing_for_good() {
    for (word, status, event) in [
        ("ACCEPTED", ProposalStatus::Approved, "proposal.approved"),
        ("SUBMITTED", ProposalStatus::Submitted, "proposal.submitted"),
    ] {
        for steps in 0.. {
            let (house, id) = unknown(true).await;
            house.bank.decide(&id.to_string(), word);
            tokio::time::advance(Duration::from_secs(60)).await;
            let died = house.dying(steps).reconcile().await.is_none();
            // A row that is written again meanwhile changes nothing of the news.
            house.bank.questions([Unreachable]);
            house.minutes(5).await;
            let row = house.row(id);
            assert_eq!((row.status, house.bank.posts().len()), (status, 1));
            assert_eq!(row.rests(), status.is_final());
            let mut said = house.said();
            said.dedup();
            let kinds: Vec<_> = said.iter().map(|said| said.0).collect();
            assert_eq!(kinds, [event], "after {steps} steps: {said:?}");
            if !died {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_one_schedule_can_do_is_done_by_the_next() {
    let house = House::new();
    let ids: Vec<_> = (0..150).map(|_| house.proposal("LEX")).collect();
    house.bank.submissions(vec![Loses(Reset); 150]);
    for id in &ids {
        house.submit(*id).await;
    }
    house.minutes(3).await;
    assert!(ids.iter().all(|id| house.row(*id).status == ProposalStatus::Submitted));
    assert_eq!((house.bank.posts().len(), house.bank.all_taken()), (150, 150));
}
