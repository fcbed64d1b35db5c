//! A proposal that is read: what was asked for, and the time of the last change that a caller sees.

use std::time::Duration;

use model::id::ProposalId;
use model::proposal::{Decision, ProposalStatus};
use runtime::testing::Harness;
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, JANE, JOHN, PROPOSE, SAMPLE, proposal_harness, with_floats};

async fn shown(h: &Harness<Env>, id: ProposalId) -> Value {
    h.get(&format!("/api/proposals/{id}")).await.data()
}

#[tokio::test(start_paused = true)]
async fn a_proposal_shows_what_was_asked_to_those_who_may_see_it() {
    let (h, _) = proposal_harness();
    let quote = h.priced_quote("LEX");
    let details = json!({"phone": "+44 7700 900999"});
    let body = json!({"quoteId": quote.id, "additionalCustomerDetails": details});
    let made = h.post(PROPOSE, body).await;
    let id: ProposalId = made.data()["proposalId"].as_str().unwrap().parse().unwrap();
    h.submit(id).await;
    let asked: Value = serde_json::from_str(SAMPLE).unwrap();
    for caller in [h.as_customer(), h.as_staff()] {
        for path in [
            format!("/api/proposals/{id}"),
            format!("/api/integration/proposals/{id}/status"),
        ] {
            let view = caller.get(&path).await.data();
            for member in ["vehicleDetails", "contractDetails", "source"] {
                assert_eq!(
                    with_floats(&view[member]),
                    with_floats(&asked[member]),
                    "{path}: {member}"
                );
            }
            let customer = &view["customerDetails"];
            assert_eq!(
                (&customer["email"], &customer["phone"]),
                (&json!(JOHN), &details["phone"])
            );
        }
        for path in [
            "/api/proposals".to_owned(),
            format!("/api/integration/customers/{JOHN}/proposals"),
        ] {
            let view = &caller.get(&path).await.data()[0];
            assert_eq!(
                (&view["customerDetails"]["email"], &view["vehicleDetails"]),
                (&json!(JOHN), &Value::Null)
            );
        }
    }
    let jane = h.as_person("jane", JANE, &[]);
    assert_eq!(jane.get(&format!("/api/proposals/{id}")).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_proposal_is_shown_without_its_quote_too() {
    let (h, _) = proposal_harness();
    let id = h.proposal("LEX");
    let with = shown(&h, id).await;
    assert_eq!(with["vehicleDetails"]["make"], "BMW");
    let is_quote = |key: &&runtime::port::store::Key| key.pk.starts_with("QUOTE#");
    let rows = h.fakes.store.rows();
    let key = rows.keys().find(is_quote).unwrap();
    assert!(h.fakes.store.delete(key).unwrap());
    let without = shown(&h, id).await;
    assert_eq!(
        (&without["vehicleDetails"], &without["customerDetails"]),
        (&Value::Null, &with["customerDetails"])
    );
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_last_change_moves_with_what_a_caller_sees() {
    let (h, _) = proposal_harness();
    let id = h.proposal("LEX");
    let mut before = shown(&h, id).await;
    let submitted = || async {
        h.submit(id).await;
    };
    let tick = || async {
        h.reconcile().await;
    };
    let touch = || async { h.touch(id) };
    let mut step = 0;
    let mut check = |after: Value| {
        step += 1;
        let rest = |view: &Value| {
            let mut view = view.clone();
            view["updatedAt"] = Value::Null;
            view
        };
        let still = before["updatedAt"] == after["updatedAt"];
        assert_eq!(rest(&before) == rest(&after), still, "{step}: {before} became {after}");
        before = after;
    };
    let later = || tokio::time::advance(Duration::from_secs(70));
    touch().await;
    check(shown(&h, id).await);
    later().await;
    submitted().await;
    check(shown(&h, id).await);
    for _ in 0..3 {
        later().await;
        tick().await;
        check(shown(&h, id).await);
        touch().await;
        check(shown(&h, id).await);
    }
    assert_eq!(step, 8);
}

/// Each change of the row that callers can see, and each that they cannot.
#[test]
fn a_row_keeps_the_time_of_the_change_that_callers_see() {
    let (h, _) = proposal_harness();
    let id = h.proposal("LEX");
    let mut row = h.proposal_row(id);
    let second = |n: i64| row_time(&h, n);
    let decision = |status| Decision {
        status,
        external_id: Some("P1".into()),
        reason: None,
    };
    row.wait(second(1), jiff::SignedDuration::ZERO);
    assert_eq!(row.changed_at(), second(0), "a phase is not seen");
    row.decided(decision(ProposalStatus::Submitted), second(2));
    assert_eq!(row.changed_at(), second(2));
    row.decided(decision(ProposalStatus::Submitted), second(3));
    assert_eq!(row.changed_at(), second(2), "the same decision again");
    row.report(&decision(ProposalStatus::Approved), second(4));
    assert_eq!((row.changed_at(), row.is_confirmed()), (second(4), false));
    row.denied(second(5));
    assert_eq!(
        (row.changed_at(), row.shown().0),
        (second(5), ProposalStatus::Submitted),
        "it never goes back"
    );
    row.report(&decision(ProposalStatus::Approved), second(6));
    row.decided(decision(ProposalStatus::Approved), second(7));
    assert_eq!(
        (row.changed_at(), row.is_confirmed()),
        (second(7), true),
        "the funder has confirmed it"
    );
}

fn row_time(h: &Harness<Env>, seconds: i64) -> jiff::Timestamp {
    let start = h.now();
    start.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap()
}
