//! A worker that crashes before or after each of its operations.

use std::time::Duration;

use tokio::time::Instant;

use super::simulation::{Message, Simulation, again};
use crate::forward::row::HoldReason;

const CHANGES: u64 = 4;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Crashes the first worker after this many steps. Returns its outcome, the changes made, and whether the case is held.
async fn run(idempotent: bool, steps: u32) -> (Option<bool>, Vec<u64>, bool) {
    let simulation = Simulation::new(idempotent);
    let case = simulation.case(7, CHANGES);
    let wake = format!(r#"{{"sequence":{case}}}"#);
    let first = simulation.crash_after(steps).deliver(&wake, 1).await;
    let message = Message {
        due: Instant::now(),
        body: wake,
        deliveries: 0,
    };
    simulation
        .settle(again(message, first).into_iter().collect(), HOUR)
        .await;
    let (row, made) = (simulation.row(case), simulation.upstream.made(7));
    match &row.held {
        None => assert_eq!(
            row.forwarded_through, CHANGES,
            "step {steps}: another worker has to continue"
        ),
        Some(held) => assert_eq!((idempotent, held.why), (false, HoldReason::Unknown), "step {steps}"),
    }
    (first, made, row.held.is_some())
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_upstream_has_each_change_once_wherever_a_worker_crashes() {
    let (mut steps, all) = (0, (1..=CHANGES).collect::<Vec<_>>());
    loop {
        let (first, made, held) = run(true, steps).await;
        assert_eq!((made, held), (all.clone(), false), "step {steps}");
        if first == Some(true) {
            break;
        }
        steps += 1;
    }
    assert!(steps > 40, "{steps} steps were tried");
}

#[tokio::test(start_paused = true)]
async fn another_upstream_has_none_twice_and_a_change_with_an_unknown_outcome_is_held() {
    let (mut steps, mut holds) = (0, 0);
    let all: Vec<u64> = (1..=CHANGES).collect();
    loop {
        let (first, made, held) = run(false, steps).await;
        assert!(all.starts_with(&made), "step {steps}: {made:?}");
        assert!(held || made == all, "step {steps}: {made:?}");
        holds += u32::from(held);
        if first == Some(true) {
            break;
        }
        steps += 1;
    }
    // About two thirds of the steps are not between a request and its outcome.
    assert!(holds > 10 && holds < steps, "{holds} of {steps}");
}
