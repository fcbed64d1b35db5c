//! A worker that crashes before or after each of its operations.

use std::time::Duration;

use runtime::port::scanner::ScanVerdict;
use tokio::time::Instant;
use uuid::Uuid;

use super::document;
use super::simulation::{Message, Simulation, again};
use crate::case::refused::DocumentRefusal;
use crate::forward::HoldReason;

const CHANGES: u64 = 4;
const FIVE_MINUTES: Duration = Duration::from_secs(5 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The scans of the last change's document.
#[derive(Clone, Copy, Debug)]
enum Scan {
    Clean,
    Infected,
    /// No verdict for five minutes, and then this one.
    Late(ScanVerdict),
    Never,
}

impl Scan {
    const ALL: [Self; 5] = [
        Self::Clean,
        Self::Infected,
        Self::Late(ScanVerdict::Clean),
        Self::Late(ScanVerdict::Infected),
        Self::Never,
    ];

    fn first(self) -> ScanVerdict {
        match self {
            Self::Clean => ScanVerdict::Clean,
            Self::Infected => ScanVerdict::Infected,
            Self::Late(_) | Self::Never => ScanVerdict::Unscanned,
        }
    }

    fn last(self) -> ScanVerdict {
        match self {
            Self::Late(verdict) => verdict,
            scan => scan.first(),
        }
    }
}

struct RunResult {
    /// Of the worker that crashed, if it did.
    first: Option<bool>,
    made: Vec<u64>,
    held: Option<HoldReason>,
    /// What the case shows.
    refused: Vec<(Uuid, DocumentRefusal)>,
}

/// Crashes the first worker after this many steps.
async fn run(simulation: &Simulation, scan: Scan, steps: u32) -> RunResult {
    let case = simulation.case(7, CHANGES);
    simulation.scan(case, CHANGES, scan.first());
    let wake = format!(r#"{{"sequence":{case}}}"#);
    let first = simulation.crash_after(steps).deliver(&wake, 1).await;
    let message = Message {
        due: Instant::now(),
        body: wake,
        deliveries: 0,
    };
    let mut queue: Vec<_> = again(message, first).into_iter().collect();
    simulation.work(&mut queue, FIVE_MINUTES).await;
    simulation.scan(case, CHANGES, scan.last());
    simulation.work(&mut queue, HOUR).await;
    assert!(simulation.upstream.uncleared().is_empty(), "{scan:?}, step {steps}");
    simulation.check_events(case);
    RunResult {
        first,
        made: simulation.upstream.made(7),
        held: simulation.row(case).held.map(|held| held.why),
        refused: simulation.refused(case),
    }
}

/// The changes that upstream makes if nothing is held, and what the case shows.
fn wanted(scan: Scan) -> (Vec<u64>, Vec<(Uuid, DocumentRefusal)>) {
    let infected = (document::id(7, CHANGES), DocumentRefusal::Infected);
    match scan.last() {
        ScanVerdict::Clean => ((1..=CHANGES).collect(), vec![]),
        ScanVerdict::Infected => ((1..CHANGES).collect(), vec![infected]),
        ScanVerdict::Unscanned => ((1..CHANGES).collect(), vec![]),
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_upstream_has_each_change_once_wherever_a_worker_crashes() {
    for scan in Scan::ALL {
        let mut steps = 0;
        loop {
            let got = run(&Simulation::new(true), scan, steps).await;
            let held = matches!(scan, Scan::Never).then_some(HoldReason::Unscanned);
            assert_eq!(got.held, held, "{scan:?}, step {steps}");
            assert_eq!((got.made, got.refused), wanted(scan), "{scan:?}, step {steps}");
            if got.first == Some(true) {
                break;
            }
            steps += 1;
        }
        assert!(steps > 40, "{scan:?}: {steps} steps were tried");
    }
}

#[tokio::test(start_paused = true)]
async fn another_upstream_has_none_twice_and_a_change_with_an_unknown_outcome_is_held() {
    for scan in Scan::ALL {
        let (mut steps, mut holds) = (0, 0);
        loop {
            let got = run(&Simulation::new(false), scan, steps).await;
            let (all, refused) = wanted(scan);
            assert!(all.starts_with(&got.made), "{scan:?}, step {steps}: {:?}", got.made);
            let unknown = got.held == Some(HoldReason::Unknown);
            if !unknown {
                let held = matches!(scan, Scan::Never).then_some(HoldReason::Unscanned);
                assert_eq!(got.held, held, "{scan:?}, step {steps}");
                assert_eq!((got.made, got.refused), (all, refused), "{scan:?}, step {steps}");
            }
            holds += u32::from(unknown);
            if got.first == Some(true) {
                break;
            }
            steps += 1;
        }
        // About two thirds of the steps are not between a request and its outcome.
        assert!(holds > 10 && holds < steps, "{scan:?}: {holds} of {steps}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_upstream_a_case_shows_an_infected_document_once_wherever_a_worker_crashes() {
    for scan in Scan::ALL {
        let mut steps = 0;
        loop {
            let simulation = Simulation::with(true, &[("BQS_UPSTREAM_URL", "")]);
            let got = run(&simulation, scan, steps).await;
            let held = matches!(scan, Scan::Never).then_some(HoldReason::Unscanned);
            assert_eq!(
                (got.held, got.refused),
                (held, wanted(scan).1),
                "{scan:?}, step {steps}"
            );
            assert!(simulation.upstream.seen().is_empty());
            if got.first == Some(true) {
                break;
            }
            steps += 1;
        }
        assert!(steps > 12, "{scan:?}: {steps} steps were tried");
    }
}

/// Late questions are further apart than the deliveries of a message, so that no other message repeats a lost one.
#[tokio::test(start_paused = true)]
async fn a_document_that_has_waited_is_asked_about_again_wherever_a_worker_crashes() {
    let mut steps = 0;
    loop {
        let simulation = Simulation::new(false);
        let case = simulation.case(7, CHANGES);
        simulation.scan(case, CHANGES, ScanVerdict::Unscanned);
        assert_eq!(simulation.wake(case).await, Some(true));
        let mut queue = Vec::new();
        simulation.work(&mut queue, FIVE_MINUTES).await;
        let message = queue.remove(0);
        assert!(queue.is_empty());
        tokio::time::sleep_until(message.due).await;
        let first = simulation.crash_after(steps).deliver(&message.body, 1).await;
        queue.extend(again(message, first));
        simulation.work(&mut queue, FIVE_MINUTES).await;
        simulation.scan(case, CHANGES, ScanVerdict::Clean);
        simulation.work(&mut queue, HOUR).await;
        assert_eq!(simulation.upstream.made(7), wanted(Scan::Clean).0, "step {steps}");
        if first == Some(true) {
            break;
        }
        steps += 1;
    }
    assert!(steps > 8, "{steps} steps were tried");
}
