//! Events are applied in any order, whether or not the funder answers.

use std::sync::Arc;
use std::time::Duration;

use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use model::quote::Environment;
use partners_funders::Notice;
use runtime::testing::{Harness, SuspendAt};
use runtime::work::row::{Revised, Row};
use serde_json::json;

use crate::Env;
use crate::event::{EventKey, EventRow};
use crate::proposal::Phase;
use crate::testing::FailureMode::Reset;
use crate::testing::Reaction::{Fails, Unreachable, Well};
use crate::testing::{FundersHarness, proposal_harness};

const APPLY: &str = "funders-event-apply";
const MINUTE: Duration = Duration::from_secs(60);

/// Stores an event as the webhook does; its message.
async fn store(h: &Harness<Env>, event: &str, proposal: ProposalId, status: ProposalStatus) -> String {
    store_of(h, "LEX", event, proposal, status).await
}

/// The same of any funder.
pub async fn store_of(
    h: &Harness<Env>,
    funder: &str,
    event: &str,
    proposal: ProposalId,
    status: ProposalStatus,
) -> String {
    let decision = Decision {
        status,
        external_id: Some("P1".into()),
        reason: Some(format!("{status:?}")),
    };
    let notice = Notice {
        proposal,
        happened_at: h.now(),
        decision,
    };
    let id = EventKey {
        funder: funder.to_owned(),
        environment: Environment::Sandbox,
        event: event.to_owned(),
    };
    let body = serde_json::to_string(&id).unwrap();
    let row = EventRow::of(id, notice, h.now()).unwrap();
    let env = h.env();
    let rows = env.table().unwrap();
    rows.write(vec![row.create(rows).unwrap()]).await.unwrap();
    body
}

fn message(event: &str) -> String {
    json!({"funder": "LEX", "environment": "SANDBOX", "event": event}).to_string()
}

fn permutations(of: usize) -> Vec<Vec<usize>> {
    if of == 0 {
        return vec![Vec::new()];
    }
    let shorter = permutations(of - 1);
    let longer = shorter.iter().flat_map(|one| {
        (0..of).map(move |place| {
            let mut longer = one.clone();
            longer.insert(place, of - 1);
            longer
        })
    });
    longer.collect()
}

#[tokio::test(start_paused = true)]
async fn every_order_of_four_events_ends_the_same() {
    use ProposalStatus::{Approved, Declined, Referred, Submitted};
    for last in [Approved, Declined] {
        let (word, kind) = match last {
            Approved => ("ACCEPTED", "proposal.approved"),
            _ => ("DECLINED", "proposal.declined"),
        };
        for silent in [true, false] {
            let mut ends = Vec::new();
            for order in permutations(4) {
                let (h, funder) = proposal_harness();
                let id = h.proposal("LEX");
                h.submit(id).await;
                funder.decide(&id.to_string(), word);
                funder.questions(vec![Unreachable; if silent { 100 } else { 0 }]);
                let events = [Submitted, Referred, last, Submitted];
                for place in order {
                    let body = store(&h, &format!("evt_{place}"), id, events[place]).await;
                    for deliveries in 1..3 {
                        assert_eq!(h.redeliver(APPLY, &body, deliveries).await, Some(true));
                    }
                }
                if silent {
                    let row = h.proposal_row(id);
                    assert_eq!((row.shown().0, row.is_confirmed(), row.is_idle()), (last, false, false));
                    let published: Vec<_> = h.announced().into_iter().map(|event| event.0).collect();
                    assert_eq!(
                        published,
                        ["proposal.submitted"],
                        "no event is sent before the funder confirms"
                    );
                    funder.questions([]);
                    tokio::time::advance(MINUTE).await;
                    assert_eq!(h.reconcile().await, Some(true));
                }
                let row = h.proposal_row(id);
                assert_eq!(funder.posts().len(), 1);
                ends.push((
                    row.status,
                    row.phase,
                    row.external_id.clone(),
                    row.reason.clone(),
                    row.is_idle(),
                ));
                let kinds: Vec<_> = h.announced().into_iter().map(|event| event.0).collect();
                let mut distinct = kinds.clone();
                distinct.dedup();
                assert_eq!(kinds, distinct, "each status has one event");
                assert_eq!(kinds.last().copied(), Some(kind));
            }
            assert_eq!(ends.len(), 24);
            ends.dedup();
            assert_eq!(ends.len(), 1, "{ends:?}");
            assert_eq!((ends[0].0, ends[0].4), (last, true));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_funders_answer_wins_over_its_event() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    h.submit(id).await;
    funder.decide(&id.to_string(), "DECLINED");
    let body = store(&h, "evt_1", id, ProposalStatus::Approved).await;
    h.deliver(APPLY, &body).await;
    let row = h.proposal_row(id);
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (ProposalStatus::Declined, Some("as it is"))
    );
    let rows = h.proposals().len();
    let before = h.fakes.store.table("funders");
    let late = store(&h, "evt_3", id, ProposalStatus::Referred).await;
    h.deliver(APPLY, &late).await;
    let after = h.fakes.store.table("funders");
    let changed = after.iter().filter(|row| !before.contains(row)).count();
    assert_eq!((rows, changed), (1, 1), "a late event changes its own row only");
}

/// The status as a caller sees it, and whether it is confirmed.
async fn shown(h: &Harness<Env>, id: ProposalId) -> (String, bool) {
    let path = format!("/api/integration/proposals/{id}/status");
    let data = h.as_customer().get(&path).await.data();
    (
        data["status"].as_str().unwrap().to_owned(),
        data["confirmed"].as_bool().unwrap(),
    )
}

#[tokio::test(start_paused = true)]
async fn an_event_never_outvotes_its_funder() {
    use ProposalStatus::{Approved, Declined, Referred};
    for (held, wanted) in [
        ("REFERRED", "REFERRED"),
        ("DECLINED", "DECLINED"),
        ("SUBMITTED", "SUBMITTED"),
    ] {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        h.submit(id).await;
        funder.decide(&id.to_string(), held);
        for (event, reported) in [("evt_1", Approved), ("evt_2", Referred), ("evt_3", Approved)] {
            let body = store(&h, event, id, reported).await;
            h.deliver(APPLY, &body).await;
        }
        assert_eq!(shown(&h, id).await, (wanted.to_owned(), true));
        assert!(h.announced().iter().all(|event| event.0 != "proposal.approved"));
        if held != "DECLINED" {
            // The event may be newer than the answer, so the funder is asked again soon.
            funder.decide(&id.to_string(), "DECLINED");
            tokio::time::advance(MINUTE).await;
            assert_eq!(h.reconcile().await, Some(true));
        }
        let row = h.proposal_row(id);
        assert_eq!(row.status, Declined);
        assert_eq!(h.announced().last().unwrap().0, "proposal.declined");
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_an_event_reports_is_unconfirmed_until_the_funder_answers() {
    use ProposalStatus::{Approved, Declined};
    for (held, wanted, kind) in [
        ("ACCEPTED", "APPROVED", Some("proposal.approved")),
        ("DECLINED", "DECLINED", Some("proposal.declined")),
        ("REFERRED", "REFERRED", Some("proposal.referred")),
        ("SUBMITTED", "SUBMITTED", None),
    ] {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        h.submit(id).await;
        funder.decide(&id.to_string(), held);
        funder.questions([Unreachable, Unreachable, Unreachable]);
        for (event, reported) in [("evt_1", Approved), ("evt_2", Declined)] {
            let body = store(&h, event, id, reported).await;
            assert_eq!(h.deliver(APPLY, &body).await, Some(true));
            assert_eq!(shown(&h, id).await, ("APPROVED".to_owned(), false));
        }
        // The funder is still away.
        tokio::time::advance(MINUTE).await;
        assert_eq!(h.reconcile().await, Some(true));
        assert_eq!(shown(&h, id).await, ("APPROVED".to_owned(), false));
        assert_eq!(h.announced().len(), 1, "only that it was submitted");

        tokio::time::advance(2 * MINUTE).await;
        assert_eq!(h.reconcile().await, Some(true));
        assert_eq!(shown(&h, id).await, (wanted.to_owned(), true));
        let published: Vec<_> = h.announced().into_iter().map(|event| event.0).collect();
        let expected: Vec<_> = ["proposal.submitted"].into_iter().chain(kind).collect();
        assert_eq!(published, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_proposal_that_an_event_was_about_is_never_sent_again() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    // Never sent: an event changes nothing.
    funder.questions([Unreachable]);
    let body = store(&h, "evt_1", id, ProposalStatus::Declined).await;
    assert_eq!(h.deliver(APPLY, &body).await, Some(true));
    assert_eq!(shown(&h, id).await, ("PENDING".to_owned(), true));

    // The funder has lost it, or answers late, and its event comes while it denies the proposal.
    funder.submissions([Fails(Reset)]);
    assert_eq!(h.submit(id).await, Some(true));
    for (event, question) in [("evt_2", Unreachable), ("evt_3", Well(""))] {
        funder.questions([question]);
        let body = store(&h, event, id, ProposalStatus::Declined).await;
        assert_eq!(h.deliver(APPLY, &body).await, Some(true));
        assert_eq!(shown(&h, id).await, ("DECLINED".to_owned(), false));
    }
    for minute in 0..26 * 60 {
        tokio::time::advance(MINUTE).await;
        assert_eq!(h.reconcile().await, Some(true), "minute {minute}");
    }
    assert_eq!(
        shown(&h, id).await,
        ("PENDING".to_owned(), true),
        "the funder denies it"
    );
    assert_eq!(funder.posts().len(), 1);
    let dead = h.fakes.queue.sent();
    assert_eq!(dead.len(), 1, "an operator has to look");
    // After a redrive the schedule asks again.
    let asked = funder.asked().len();
    assert_eq!(h.submit(id).await, Some(true));
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!((funder.asked().len(), funder.posts().len()), (asked + 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_event_stops_a_second_submission_that_is_on_its_way() {
    for question in [Well(""), Unreachable] {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        // It arrived and its answer was lost; the funder's reads do not have it yet.
        funder.submissions([Fails(Reset)]);
        assert_eq!(h.submit(id).await, Some(true));
        while h.phase(id) == Phase::Unknown {
            tokio::time::advance(MINUTE).await;
            assert_eq!(h.reconcile().await, Some(true));
        }
        assert!(h.proposal_row(id).resent && h.phase(id) == Phase::Waiting);
        funder.questions([question]);
        let body = store(&h, "evt_1", id, ProposalStatus::Approved).await;
        assert_eq!(h.deliver(APPLY, &body).await, Some(true));
        assert_eq!(h.phase(id), Phase::Unknown);
        assert_eq!(h.submit(id).await, Some(true), "the message of the second submission");
        assert_eq!(funder.posts().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_status_stays_below_what_an_event_reports() {
    use ProposalStatus::{Approved, Referred};
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    h.submit(id).await;
    funder.decide(&id.to_string(), "REFERRED");
    tokio::time::advance(MINUTE).await;
    assert_eq!(h.reconcile().await, Some(true));
    funder.questions([Unreachable]);
    let body = store(&h, "evt_1", id, Approved).await;
    assert_eq!(h.deliver(APPLY, &body).await, Some(true));
    assert_eq!(shown(&h, id).await, ("APPROVED".to_owned(), false));
    // An older answer takes the report back, and nothing is published again.
    funder.decide(&id.to_string(), "SUBMITTED");
    tokio::time::advance(MINUTE).await;
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(shown(&h, id).await, ("REFERRED".to_owned(), true));
    assert_eq!(h.proposal_row(id).status, Referred);
    let kinds: Vec<_> = h.announced().into_iter().map(|event| event.0).collect();
    assert_eq!(kinds, ["proposal.submitted", "proposal.referred"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_waits_for_the_worker_that_sends() {
    let mut waited = 0;
    for steps in 0.. {
        let (h, _) = proposal_harness();
        let id = h.proposal("LEX");
        let crashed = h.crash_after(steps).submit(id).await.is_none();
        if h.phase(id) == Phase::Sending {
            let body = store(&h, "evt_1", id, ProposalStatus::Approved).await;
            assert_eq!(h.deliver(APPLY, &body).await, Some(false), "it comes back");
            assert_eq!(h.phase(id), Phase::Sending);
            waited += 1;
        }
        if !crashed {
            break;
        }
    }
    assert!(waited > 0);
}

#[tokio::test(start_paused = true)]
async fn an_event_about_no_proposal_of_this_funder_changes_nothing() {
    let (h, funder) = proposal_harness();
    let foreign = h.proposal("ALPHABET");
    let absent = ProposalId::new(h.now());
    for (event, id) in [("evt_1", foreign), ("evt_2", absent)] {
        let body = store(&h, event, id, ProposalStatus::Approved).await;
        assert_eq!(h.deliver(APPLY, &body).await, Some(true));
    }
    assert_eq!(h.proposal_row(foreign).status, ProposalStatus::Pending);
    assert!(h.announced().is_empty() && funder.asked().is_empty());
    assert_eq!(
        h.deliver(APPLY, &message("evt_9")).await,
        Some(false),
        "its row may still come"
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_delivery_makes_up_for_a_crash_at_any_step() {
    for steps in 0.. {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        h.submit(id).await;
        funder.decide(&id.to_string(), "ACCEPTED");
        let body = store(&h, "evt_1", id, ProposalStatus::Approved).await;
        let crashed = h.crash_after(steps).deliver(APPLY, &body).await.is_none();
        tokio::time::advance(Duration::from_secs(180)).await;
        assert_eq!(h.redeliver(APPLY, &body, 2).await, Some(true));
        let row = h.proposal_row(id);
        assert_eq!(
            (row.status, row.is_idle()),
            (ProposalStatus::Approved, true),
            "after {steps} steps"
        );
        let mut events = h.announced();
        events.dedup();
        assert_eq!(
            events.len(),
            2,
            "submitted and approved, repeated unchanged: {events:?}"
        );
        if !crashed {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_applied_to_the_proposal_as_another_worker_left_it() {
    for step in 0..24 {
        let (h, funder) = proposal_harness();
        let id = h.proposal("LEX");
        h.submit(id).await;
        funder.questions([Unreachable]);
        let body = store(&h, "evt_1", id, ProposalStatus::Approved).await;
        let suspended = Arc::new(SuspendAt::new(step));
        let slow = h.faulty(suspended.clone());
        let meanwhile = async {
            let mut row = h.proposal_row(id);
            row.denials = 2;
            assert!(row.save(h.env().table().unwrap(), h.now()).await.unwrap());
            suspended.resume();
        };
        let (applied, ()) = tokio::join!(slow.deliver(APPLY, &body), meanwhile);
        assert_eq!(applied, Some(true), "step {step}");
        let row = h.proposal_row(id);
        assert_eq!(
            (row.shown().0, row.denials),
            (ProposalStatus::Approved, 2),
            "step {step}"
        );
    }
}
