//! Events applied: in any order, with and without the funder to ask.

use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use partners::Notice;
use runtime::Domain;
use serde_json::json;

use super::bank::Does::Unreachable;
use super::house::House;
use crate::event::EventRow;
use crate::event::apply::apply;

/// Remembers an event as the webhook does; its message.
async fn remember(house: &House, event: &str, proposal: ProposalId, status: ProposalStatus) -> String {
    let decision = Decision {
        status,
        external_id: Some("P1".into()),
        reason: Some(format!("{status:?}")),
    };
    let notice = Notice {
        proposal,
        happened_at: house.now(),
        decision,
    };
    let row = EventRow::of("LEX", event, notice, house.now()).unwrap();
    let _ = house
        .env
        .store()
        .write(vec![row.create(&house.env).unwrap()])
        .await
        .unwrap();
    json!({"funder": "LEX", "event": event}).to_string()
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
        // The funder may not answer, or answer, or be asked before anything was sent.
        for (silent, sent) in [(true, true), (true, false), (false, true)] {
            let mut ends = Vec::new();
            for order in permutations(4) {
                let house = House::new();
                let id = house.proposal("LEX");
                if sent {
                    house.submit(id).await;
                    house
                        .bank
                        .decide(&id.to_string(), if last == Approved { "ACCEPTED" } else { "DECLINED" });
                }
                house.bank.questions(vec![Unreachable; if silent { 100 } else { 0 }]);
                let events = [Submitted, Referred, last, Submitted];
                for place in order {
                    let body = remember(&house, &format!("evt_{place}"), id, events[place]).await;
                    for deliveries in 1..3 {
                        assert_eq!(house.deliver(apply, &body, deliveries).await, Some(true));
                    }
                }
                let row = house.row(id);
                assert_eq!(house.bank.posts().len(), usize::from(sent));
                ends.push((
                    row.status,
                    row.stage,
                    row.external_id.clone(),
                    row.reason.clone(),
                    row.rests(),
                ));
                let kinds: Vec<_> = house.said().into_iter().map(|said| said.0).collect();
                let mut once = kinds.clone();
                once.dedup();
                assert_eq!(kinds, once, "each status is announced once");
                assert_eq!(
                    kinds.last().copied(),
                    Some(if last == Approved {
                        "proposal.approved"
                    } else {
                        "proposal.declined"
                    })
                );
            }
            assert_eq!(ends.len(), 24);
            ends.dedup();
            assert_eq!(ends.len(), 1, "{ends:?}");
            assert_eq!((ends[0].0, ends[0].4), (last, true));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_funder_says_now_is_surer_than_what_it_said() {
    let house = House::new();
    let id = house.proposal("LEX");
    house.submit(id).await;
    house.bank.decide(&id.to_string(), "DECLINED");
    let body = remember(&house, "evt_1", id, ProposalStatus::Approved).await;
    house.deliver(apply, &body, 1).await;
    let row = house.row(id);
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (ProposalStatus::Declined, Some("as it is"))
    );
    let rows = house.proposals().len();
    let before = house.world.store.table("funders");
    let late = remember(&house, "evt_3", id, ProposalStatus::Referred).await;
    house.deliver(apply, &late, 1).await;
    let after = house.world.store.table("funders");
    let changed = after.iter().filter(|row| !before.contains(row)).count();
    assert_eq!((rows, changed), (1, 1), "late news changes its own row only");
    // An answer from before the message does not take the message back.
    let other = house.proposal("LEX");
    house.submit(other).await;
    let body = remember(&house, "evt_2", other, ProposalStatus::Approved).await;
    house.deliver(apply, &body, 1).await;
    assert_eq!(house.row(other).status, ProposalStatus::Approved);
}

#[tokio::test(start_paused = true)]
async fn a_funder_that_does_not_answer_is_believed_by_its_message() {
    let house = House::new();
    let id = house.proposal("LEX");
    house.submit(id).await;
    house.bank.questions([Unreachable]);
    let body = remember(&house, "evt_1", id, ProposalStatus::Referred).await;
    assert_eq!(house.deliver(apply, &body, 1).await, Some(true));
    let row = house.row(id);
    assert_eq!(
        (row.status, row.reason.as_deref()),
        (ProposalStatus::Referred, Some("Referred"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_about_nothing_of_this_funders_changes_nothing() {
    let house = House::new();
    let foreign = house.proposal("ALPHABET");
    let absent = ProposalId::new(house.now());
    for (event, id) in [("evt_1", foreign), ("evt_2", absent)] {
        let body = remember(&house, event, id, ProposalStatus::Approved).await;
        assert_eq!(house.deliver(apply, &body, 1).await, Some(true));
    }
    assert_eq!(house.row(foreign).status, ProposalStatus::Pending);
    assert!(house.said().is_empty() && house.bank.asked().is_empty());
    let never = json!({"funder": "LEX", "event": "evt_9"}).to_string();
    assert_eq!(
        house.deliver(apply, &never, 1).await,
        Some(false),
        "its row may still come"
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_is_made_up_for_by_the_next_delivery() {
    for steps in 0.. {
        let house = House::new();
        let id = house.proposal("LEX");
        house.submit(id).await;
        house.bank.decide(&id.to_string(), "ACCEPTED");
        let body = remember(&house, "evt_1", id, ProposalStatus::Approved).await;
        let died = house.dying(steps).deliver(apply, &body, 1).await.is_none();
        tokio::time::advance(std::time::Duration::from_secs(180)).await;
        assert_eq!(house.deliver(apply, &body, 2).await, Some(true));
        let row = house.row(id);
        assert_eq!(
            (row.status, row.rests()),
            (ProposalStatus::Approved, true),
            "after {steps} steps"
        );
        let mut said = house.said();
        said.dedup();
        assert_eq!(said.len(), 2, "submitted and approved, repeated as they were: {said:?}");
        if !died {
            break;
        }
    }
}
