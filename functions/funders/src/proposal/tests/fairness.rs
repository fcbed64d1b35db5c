//! Two funders, five workers and one queue each for proposals and events: a silent funder must not starve the other.

use std::sync::Arc;
use std::time::Duration;

use model::id::ProposalId;
use model::proposal::ProposalStatus;
use runtime::testing::Harness;
use serde_json::json;

use super::events::store_of;
use crate::Env;
use crate::proposal::{Phase, ProposalRow};
use crate::testing::{FakeFunder, FundersHarness, QueueOfWorkers, proposal_harness_with};

const WORKERS: usize = 5;

fn all(h: &Harness<Env>, funder: &str, is: impl Fn(&ProposalRow) -> bool) -> bool {
    h.proposals().iter().filter(|row| row.funder_name == funder).all(is)
}

/// The time in which 5 proposals to LEX are sent behind 30 to ALPHABET, which is silent.
async fn lex_behind_alphabet(share: &str) -> (QueueOfWorkers, Arc<FakeFunder>, Duration) {
    let (h, funder) = proposal_harness_with(&[("PROPOSAL_SHARE", share)]);
    funder.stall("alphabet.test");
    let ids: Vec<ProposalId> = [("ALPHABET", 30), ("LEX", 5)]
        .into_iter()
        .flat_map(|(name, times)| std::iter::repeat_n(name, times))
        .map(|name| h.proposal(name))
        .collect();
    let mut queue = QueueOfWorkers::new(h, "submit", "funders-proposal-submit", WORKERS);
    ids.iter().for_each(|id| queue.push(json!({"id": id}).to_string()));
    let took = queue.run_until(|h| all(h, "LEX", |row| row.phase == Phase::Sent)).await;
    (queue, funder, took)
}

#[tokio::test(start_paused = true)]
async fn a_silent_funder_does_not_delay_the_proposals_of_another() {
    let (mut queue, funder, took) = lex_behind_alphabet("2").await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    queue
        .run_until(|h| all(h, "ALPHABET", |row| row.phase == Phase::Unknown))
        .await;
    assert_eq!(
        (funder.posts().len(), funder.all_taken()),
        (35, 35),
        "each was sent once"
    );
}

/// The bound above holds because of the share.
#[tokio::test(start_paused = true)]
async fn without_a_share_a_silent_funder_delays_every_proposal() {
    let (_, _, took) = lex_behind_alphabet("20").await;
    assert!(took > Duration::from_secs(40), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_finds_no_worker_fails_in_the_end_and_frees_its_quote() {
    let (h, funder) = proposal_harness_with(&[("PROPOSAL_SHARE", "1")]);
    funder.stall("alphabet.test");
    let ids: Vec<ProposalId> = (0..150).map(|_| h.proposal("ALPHABET")).collect();
    let mut queue = QueueOfWorkers::new(h, "submit", "funders-proposal-submit", WORKERS);
    ids.iter().for_each(|id| queue.push(json!({"id": id}).to_string()));
    let decided = |row: &ProposalRow| row.status == ProposalStatus::Failed || row.phase == Phase::Unknown;
    let took = queue.run_until(|h| all(h, "ALPHABET", decided)).await;
    assert!(took < Duration::from_secs(16 * 60), "{took:?}");
    let rows = queue.h.proposals();
    let failed: Vec<_> = rows.iter().filter(|row| row.status == ProposalStatus::Failed).collect();
    assert!(!failed.is_empty());
    for row in &failed {
        assert_eq!(
            (row.attempt, row.failure.as_ref().unwrap().code.as_str()),
            (0, "unavailable")
        );
        assert_eq!(queue.h.quote_row(row.quote_id).proposal_id, None);
    }
    assert_eq!(funder.posts().len() + failed.len(), 150);
}

/// The time in which 5 events of LEX are applied behind 30 of ALPHABET, which is silent.
async fn lex_events_behind_alphabets(share: &str) -> (QueueOfWorkers, Arc<FakeFunder>, Duration) {
    let (h, funder) = proposal_harness_with(&[("PROPOSAL_SHARE", share)]);
    let mut bodies = Vec::new();
    for (name, times) in [("ALPHABET", 30), ("LEX", 5)] {
        for number in 0..times {
            let id = h.proposal(name);
            assert_eq!(h.submit(id).await, Some(true));
            funder.decide(&id.to_string(), "ACCEPTED");
            bodies.push(store_of(&h, name, &format!("evt_{number}"), id, ProposalStatus::Approved).await);
        }
    }
    funder.stall("alphabet.test");
    h.fakes.queue.take();
    let mut queue = QueueOfWorkers::new(h, "events", "funders-event-apply", WORKERS);
    bodies.into_iter().for_each(|body| queue.push(body));
    let approved = |row: &ProposalRow| row.status == ProposalStatus::Approved;
    let took = queue.run_until(|h| all(h, "LEX", approved)).await;
    (queue, funder, took)
}

#[tokio::test(start_paused = true)]
async fn a_silent_funder_does_not_delay_the_events_of_another() {
    let (mut queue, funder, took) = lex_events_behind_alphabets("2").await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    let shown = |row: &ProposalRow| row.shown().0 == ProposalStatus::Approved && !row.is_confirmed();
    let took = queue.run_until(|h| all(h, "ALPHABET", shown)).await;
    assert!(took < Duration::from_secs(2 * 60), "{took:?}");
    assert!(funder.asked().len() < 30, "some were applied without an answer");
}

#[tokio::test(start_paused = true)]
async fn without_a_share_a_silent_funder_delays_every_event() {
    let (_, _, took) = lex_events_behind_alphabets("20").await;
    assert!(took > Duration::from_secs(40), "{took:?}");
}
