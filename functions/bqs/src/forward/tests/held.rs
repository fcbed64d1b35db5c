//! What a dealer and the subscribers learn of a held change.

use std::time::Duration;

use model::event::EventType::{CaseHeld, CaseResumed};
use runtime::port::scanner::ScanVerdict;
use runtime::port::store::Item;
use serde_json::{Value, json};

use super::document;
use super::fake_upstream::Failure::{Answers, Reset, Silent};
use super::fake_upstream::Handling::{Fails, Makes};
use super::simulation::Simulation;
use crate::case::row::Sequence;
use crate::channel::Role;
use crate::message::moment::DanishTime;
use crate::testing::channel;

const REFUSAL: &str = r#"{"title":"One or more validation errors occurred.","status":400,
    "errors":{"$.dealer":["unknown","closed"],"$.calculation.duration":["too long"]}}"#;
const MINUTE: Duration = Duration::from_secs(60);

/// What the case's channel sees of its progress. It creates the channel, so it is asked once.
async fn progress(simulation: &Simulation, case: Sequence) -> Value {
    let path = "/v1/bqs-case/case/{sequence}";
    let key = channel(&simulation.hub, "dealer", &[Role::CaseRead], &[808]).await;
    let dealer = simulation.hub.as_channel(&key);
    let got = dealer.get(path).path("sequence", &case.to_string()).await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()["progress"].clone()
}

async fn decide(simulation: &Simulation, case: Sequence, n: u64, does: &str) {
    let wake = json!({"sequence": case, "decision": {"n": n, "does": does, "by": "op"}}).to_string();
    assert_eq!(simulation.deliver(&wake, 1).await, Some(true));
    simulation.settle(Vec::new(), MINUTE).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_is_shown_with_upstreams_reasons_and_announced_until_it_goes_on() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 5);
    simulation.upstream.script([Makes, Fails(Answers(400, REFUSAL))]);
    assert_eq!(simulation.wake(case).await, Some(true));
    let data = json!({
        "sequence": 7, "channelName": "dealer", "dealer": 808, "change": 2, "part": "case", "reason": "refused",
    });
    assert_eq!(simulation.events(case), [(CaseHeld, data.clone())]);
    // A further message announces nothing.
    assert_eq!(simulation.wake(case).await, Some(true));
    assert_eq!(simulation.hub.fakes.bus.published().len(), 1);
    let shown = progress(&simulation, case).await;
    let held = simulation.row(case).held.unwrap();
    assert_eq!(
        shown["forwarding"],
        json!({"state": "held", "changes": 5, "done": 1, "held": {
            "change": 2, "part": "case", "reason": "refused", "message": "The upstream BQS refused the change.",
            "errors": {"$.dealer": ["unknown", "closed"], "$.calculation.duration": ["too long"]},
            "since": DanishTime::from(held.at),
        }})
    );
    decide(&simulation, case, 2, "send").await;
    assert_eq!(simulation.events(case), [(CaseHeld, data.clone()), (CaseResumed, data)]);
    simulation.check_events(case);
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn each_part_shows_its_state() {
    // The third change scores, the fourth adds a document, the fifth asks for a consent.
    let states = async |script: Vec<_>, changes: u64| {
        let simulation = Simulation::new(true);
        let case = simulation.case(7, changes);
        simulation.upstream.script(script);
        assert_eq!(simulation.wake(case).await, Some(true));
        let shown = progress(&simulation, case).await;
        let state = |part: &Value| part["state"].as_str().unwrap_or("-").to_owned();
        [
            state(&shown["scoring"]),
            state(&shown["documents"][0]),
            state(&shown["consent"]),
            state(&shown["forwarding"]),
        ]
    };
    let refused = || Fails(Answers(422, ""));
    assert_eq!(states(vec![], 5).await, ["accepted"; 4]);
    assert_eq!(states(vec![], 2).await, ["-", "-", "-", "accepted"]);
    assert_eq!(
        states(vec![Makes, Makes, refused()], 5).await,
        ["held", "pending", "pending", "held"]
    );
    assert_eq!(
        states(vec![Makes, Makes, Makes, refused()], 5).await,
        ["accepted", "held", "pending", "held"]
    );
    // The upstream has not answered.
    assert_eq!(
        states(vec![Makes, Makes, Fails(Silent)], 5).await,
        ["sent", "pending", "pending", "sent"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_held_part_has_its_reason_and_a_skipped_one_is_not_accepted() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 4);
    simulation.upstream.script([Makes, Makes, Fails(Reset)]);
    assert_eq!(simulation.wake(case).await, Some(true));
    let shown = progress(&simulation, case).await;
    assert_eq!(
        (&shown["scoring"]["state"], &shown["scoring"]["reason"]),
        (&json!("held"), &json!("unknown"))
    );
    assert_eq!(shown["forwarding"]["held"]["part"], "scoring");
    assert!(shown["forwarding"]["held"].get("errors").is_none());

    let simulation = Simulation::new(false);
    let case = simulation.case(7, 4);
    simulation.upstream.script([Makes, Makes, Fails(Reset)]);
    assert_eq!(simulation.wake(case).await, Some(true));
    decide(&simulation, case, 3, "skip").await;
    let shown = progress(&simulation, case).await;
    assert_eq!(shown["scoring"]["state"], "skipped");
    assert_eq!(shown["documents"][0]["state"], "accepted");
    assert_eq!(
        shown["forwarding"],
        json!({"state": "accepted", "changes": 4, "done": 4})
    );
    simulation.check_events(case);
}

#[tokio::test(start_paused = true)]
async fn a_document_without_a_verdict_is_held_and_its_case_goes_on_by_itself() {
    for upstream in ["https://bqs.test/v1/bqs-case", ""] {
        for (verdict, state) in [(ScanVerdict::Clean, "accepted"), (ScanVerdict::Infected, "refused")] {
            let simulation = Simulation::with(true, &[("BQS_UPSTREAM_URL", upstream)]);
            let case = simulation.case(7, 5);
            simulation.scan(case, 4, ScanVerdict::Unscanned);
            assert_eq!(simulation.wake(case).await, Some(true));
            let mut queue = Vec::new();
            simulation.work(&mut queue, 40 * MINUTE).await;
            let data = json!({
                "sequence": 7, "channelName": "dealer", "dealer": 808, "change": 4, "part": "document",
                "reason": "unscanned",
            });
            assert_eq!(simulation.events(case), [(CaseHeld, data.clone())], "{upstream}");
            simulation.scan(case, 4, verdict);
            simulation.work(&mut queue, 40 * MINUTE).await;
            assert_eq!(
                simulation.events(case),
                [(CaseHeld, data.clone()), (CaseResumed, data)],
                "{upstream}"
            );
            simulation.check_events(case);
            let shown = progress(&simulation, case).await;
            let document = &shown["documents"][0];
            assert_eq!(
                (&document["documentId"], &document["code"], &document["state"]),
                (&json!(document::id(7, 4)), &json!("123"), &json!(state)),
                "{upstream}"
            );
            assert_eq!(shown["forwarding"]["state"], "accepted", "{upstream}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_announced_once_the_bus_is_up_again() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 2);
    simulation.upstream.script([Fails(Answers(422, ""))]);
    simulation.hub.fakes.bus.set_down(true);
    assert_eq!(simulation.wake(case).await, Some(false), "the message comes back");
    assert!(simulation.row(case).held.is_some() && simulation.events(case).is_empty());
    simulation.hub.fakes.bus.set_down(false);
    assert_eq!(simulation.wake(case).await, Some(true));
    simulation.check_events(case);
    assert_eq!(simulation.events(case).len(), 1);
}

/// The index of the table that operators read.
#[tokio::test(start_paused = true)]
async fn only_cases_with_a_held_change_are_in_the_list() {
    let simulation = Simulation::new(true);
    let listed = |simulation: &Simulation| {
        let rows = simulation.hub.fakes.store.table("cases").into_iter();
        let entry = |row: Item| {
            row.get("dueIn")?;
            Some(["dueIn", "pk", "sk"].map(|member| row[member].as_s().unwrap().clone()))
        };
        let mut listed: Vec<_> = rows.filter_map(entry).collect();
        listed.sort();
        listed
    };
    for case in 1..=3 {
        let case = simulation.case(case, 3);
        simulation.upstream.script([Makes, Fails(Answers(422, ""))]);
        assert_eq!(simulation.wake(case).await, Some(true));
    }
    let entry = |case: u64| ["HELD".to_owned(), format!("CASE#{case}"), "FORWARD".to_owned()];
    assert_eq!(listed(&simulation), [entry(1), entry(2), entry(3)]);
    decide(&simulation, Sequence(1), 2, "send").await;
    decide(&simulation, Sequence(2), 2, "skip").await;
    assert_eq!(simulation.rows(Sequence(1), "DECISION#").len(), 1);
    assert_eq!(listed(&simulation), [entry(3)]);
}
