//! The forwarder's rows outlive those that they count, and a change that has expired is not lost without a word.

use std::time::Duration;

use runtime::port::scanner::ScanVerdict;
use runtime::port::store;
use runtime::work::row::Row;
use serde_json::{Value, json};
use tokio::time::advance;

use super::fake_upstream::Failure::Answers;
use super::fake_upstream::FakeUpstream;
use super::fake_upstream::Handling::Fails;
use super::simulation::Simulation;
use crate::case::row::{CaseRow, Sequence};
use crate::forward::HoldReason;
use crate::forward::UpstreamRow;
use crate::retention::Retention;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const LIFE_DAYS: u32 = Retention::DEFAULT_DAYS;

/// The ends of the rows of a case whose sort keys have this prefix.
fn ends(simulation: &Simulation, case: Sequence, prefix: &str) -> Vec<i64> {
    let rows = simulation.rows(case, prefix).into_iter();
    rows.map(|row| store::typed::<Value>(row).unwrap()["ttl"].as_i64().unwrap())
        .collect()
}

async fn load(simulation: &Simulation, case: Sequence) -> CaseRow {
    let env = simulation.hub.env();
    CaseRow::load(env.table().unwrap(), &case).await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_row_has_an_end_and_progress_ends_last() {
    let simulation = Simulation::new(true);
    let case = simulation.case(7, 3);
    simulation.wake(case).await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
    let [end] = *ends(&simulation, case, "CASE") else {
        panic!()
    };
    let changes = [ends(&simulation, case, "CHANGE#"), ends(&simulation, case, "ANSWER#")].concat();
    assert_eq!(changes.len(), 6);
    let [progress] = *ends(&simulation, case, "FORWARD") else {
        panic!()
    };
    assert!(changes.iter().all(|change| end < *change && *change < progress));
}

#[tokio::test(start_paused = true)]
async fn progress_of_scans_ends_last_too() {
    for settings in [&[][..], &[("BQS_UPSTREAM_URL", "")]] {
        for verdict in [ScanVerdict::Clean, ScanVerdict::Infected, ScanVerdict::Unscanned] {
            let simulation = Simulation::with(true, settings);
            let case = simulation.case(7, 4);
            simulation.scan(case, 4, verdict);
            simulation.wake(case).await;
            let changes = ends(&simulation, case, "CHANGE#");
            let [progress] = *ends(&simulation, case, "FORWARD") else {
                panic!()
            };
            assert!(changes.iter().all(|change| *change < progress), "{verdict:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_case_that_is_changed_for_years_is_created_upstream_once() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 1);
    simulation.wake(case).await;
    for n in 2..=8 {
        advance(DAY * (LIFE_DAYS - 1)).await;
        let mut row = load(&simulation, case).await;
        simulation.change(&mut row, n * 4 + 2);
        simulation.wake(case).await;
    }
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4, 5, 6, 7, 8]);
    // The link too has lived on.
    let number = FakeUpstream::number(7);
    let env = simulation.hub.env();
    let link = UpstreamRow::load(env.table().unwrap(), &number).await.unwrap();
    assert_eq!(link.unwrap().sequence, case);
    assert!(simulation.row(case).held.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_case_whose_first_change_expired_unsent_is_held() {
    for was_scanned in [true, false] {
        let before = Simulation::with(false, &[("BQS_UPSTREAM_URL", "")]);
        let case = before.case(7, 1);
        for n in [6, 10] {
            if was_scanned {
                before.wake(case).await;
            }
            advance(DAY * (LIFE_DAYS - 1)).await;
            let mut row = load(&before, case).await;
            before.change(&mut row, n);
        }
        // From now on there is an upstream.
        let url = [("BQS_UPSTREAM_URL", "https://bqs.test/v1/bqs-case")];
        let simulation = Simulation {
            hub: before.hub.clone().with(&url),
            upstream: before.upstream,
        };
        simulation.wake(case).await;
        let held = simulation.row(case).held.unwrap();
        assert_eq!((held.n, held.why), (1, HoldReason::Unsendable));
        assert!(simulation.upstream.seen().is_empty());
        // A message about a case that does not exist holds nothing.
        simulation.wake(Sequence(8)).await;
        assert!(simulation.rows(Sequence(8), "").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_change_that_expired_cannot_be_sent() {
    let simulation = Simulation::new(false);
    let case = simulation.case(7, 2);
    simulation.upstream.script([Fails(Answers(422, ""))]);
    simulation.wake(case).await;
    assert_eq!(simulation.row(case).held.unwrap().n, 1);
    advance(DAY * (LIFE_DAYS + 30)).await;
    let decision = json!({"n": 1, "does": "send", "by": "op"});
    let wake = json!({"sequence": case, "decision": decision}).to_string();
    assert_eq!(simulation.deliver(&wake, 1).await, Some(true));
    let held = simulation.row(case).held.unwrap();
    assert_eq!((held.n, held.why), (1, HoldReason::Unsendable));
    assert_eq!(simulation.upstream.seen().len(), 1);
}
