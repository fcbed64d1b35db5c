//! An operator's decisions about held changes.

use std::time::Duration;

use runtime::port::store;
use runtime::work::row::Row;
use serde_json::{Value, json};

use super::fake_upstream::Failure::{Answers, Reset};
use super::fake_upstream::FakeUpstream;
use super::fake_upstream::Handling::{Fails, Loses, Makes};
use super::simulation::Simulation;
use crate::case::row::Sequence;
use crate::forward::UpstreamRow;

async fn decide(simulation: &Simulation, case: Sequence, mut decision: Value) {
    decision["by"] = json!("op");
    let wake = json!({"sequence": case, "decision": decision}).to_string();
    assert_eq!(simulation.deliver(&wake, 1).await, Some(true));
    simulation.settle(Vec::new(), Duration::from_secs(120)).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_upstream_does_not_have_is_sent() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 3);
    simulation.upstream.script([Makes, Fails(Reset)]);
    simulation.wake(case).await;
    for other in [1, 3] {
        decide(&simulation, case, json!({"n": other, "does": "send"})).await;
        assert_eq!(
            simulation.row(case).held.unwrap().n,
            2,
            "a decision is about one change"
        );
    }
    decide(&simulation, case, json!({"n": 2, "does": "send"})).await;
    // A repeated decision does nothing.
    decide(&simulation, case, json!({"n": 2, "does": "send"})).await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
    let kept = simulation.rows(case, "DECISION#");
    assert_eq!(kept.len(), 1);
    let kept: Value = store::typed(kept[0].clone()).unwrap();
    assert_eq!(
        (&kept["by"], &kept["n"], &kept["does"]),
        (&json!("op"), &json!(2), &json!("send"))
    );
    assert_eq!(kept["held"], "reset");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_upstream_has_or_must_not_get_is_skipped() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 3);
    simulation.upstream.script([Makes, Loses(Reset)]);
    simulation.wake(case).await;
    decide(&simulation, case, json!({"n": 2, "does": "skip"})).await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
    let refused = simulation.case(8, 3);
    simulation.upstream.script([Makes, Fails(Answers(422, ""))]);
    simulation.wake(refused).await;
    decide(&simulation, refused, json!({"n": 2, "does": "skip"})).await;
    assert_eq!(simulation.upstream.made(8), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_is_upstream_is_skipped_with_its_number() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 2);
    simulation.upstream.script([Loses(Answers(502, "<html>"))]);
    simulation.wake(case).await;
    decide(
        &simulation,
        case,
        json!({"n": 1, "does": "skip", "upstream": FakeUpstream::number(7)}),
    )
    .await;
    assert_eq!(simulation.upstream.made(7), [1, 2]);
    let found = UpstreamRow::load(simulation.hub.env().table().unwrap(), &FakeUpstream::number(7))
        .await
        .unwrap();
    assert_eq!(found.unwrap().sequence, case);

    let lost = simulation.case(8, 2);
    simulation.upstream.script([Fails(Answers(422, ""))]);
    simulation.wake(lost).await;
    decide(&simulation, lost, json!({"n": 1, "does": "skip"})).await;
    let held = simulation.row(lost).held.unwrap();
    assert_eq!(
        (held.n, held.reason.as_str()),
        (2, "Upstream does not have the case itself.")
    );
    assert!(simulation.upstream.made(8).is_empty());
}
