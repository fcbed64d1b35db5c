//! The scanner's verdicts on documents: what goes upstream, what waits, what is held and what the case shows.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::{Error, Result};
use runtime::port::Ports;
use runtime::port::blob::Blobs;
use runtime::port::scanner::ScanVerdict::{self, Clean, Infected, Unscanned};
use runtime::port::scanner::Scanner;
use runtime::testing::FakeFiles;
use runtime::work::row::Row;
use serde_json::json;
use tokio::time::Instant;

use super::document;
use super::simulation::{Message, Simulation};
use crate::case::refused::DocumentRefusal;
use crate::case::row::{CaseRow, Sequence};
use crate::forward::HoldReason;
use crate::testing::interleave;

const NO_UPSTREAM: [(&str, &str); 1] = [("BQS_UPSTREAM_URL", "")];
const QUARTER: Duration = Duration::from_secs(15 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The change that has the document.
const N: u64 = 4;

/// A case with six changes, whose document has this verdict.
fn case(simulation: &Simulation, verdict: ScanVerdict) -> Sequence {
    let case = simulation.case(7, 6);
    simulation.scan(case, N, verdict);
    case
}

async fn decide(simulation: &Simulation, case: Sequence, action: &str) {
    let decision = json!({"n": N, "does": action, "by": "op"});
    let wake = json!({"sequence": case, "decision": decision}).to_string();
    assert_eq!(simulation.deliver(&wake, 1).await, Some(true));
}

/// Delivers the forwarder's messages until it holds the document's change. Returns their delays in seconds.
async fn hold(simulation: &Simulation, case: Sequence) -> Vec<u64> {
    let mut delays = Vec::new();
    assert_eq!(simulation.wake(case).await, Some(true));
    while simulation.row(case).held.is_none() {
        let mut sent = simulation.sent();
        assert_eq!(sent.len(), 1, "one message for each question");
        let Message { due, body, .. } = sent.remove(0);
        delays.push(due.duration_since(Instant::now()).as_secs());
        tokio::time::sleep_until(due).await;
        assert_eq!(simulation.deliver(&body, 1).await, Some(true));
    }
    delays
}

fn infected() -> Vec<(uuid::Uuid, DocumentRefusal)> {
    vec![(document::id(7, N), DocumentRefusal::Infected)]
}

fn unscanned() -> Vec<(uuid::Uuid, DocumentRefusal)> {
    vec![(document::id(7, N), DocumentRefusal::Unscanned)]
}

#[tokio::test(start_paused = true)]
async fn a_document_waits_for_its_verdict_and_later_changes_wait_behind_it() {
    let simulation = Simulation::new(false);
    let case = case(&simulation, Unscanned);
    let other = simulation.case(8, 6);
    assert_eq!(simulation.wake(case).await, Some(true));
    assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
    let row = simulation.row(case);
    assert!(row.held.is_none() && row.lease_left(simulation.now()).is_none());
    // No other case waits.
    assert_eq!(simulation.wake(other).await, Some(true));
    assert_eq!(simulation.upstream.made(8), [1, 2, 3, 4, 5, 6]);
    // The messages of later changes ask nothing before the next question is due.
    let mut sent = simulation.sent();
    let Message { due, body, .. } = sent.remove(0);
    tokio::time::sleep_until(due).await;
    assert_eq!(simulation.deliver(&body, 1).await, Some(true));
    let asked = simulation.hub.fakes.scanner.asked().len();
    for _ in 0..3 {
        assert_eq!(simulation.wake(case).await, Some(true));
    }
    assert_eq!(simulation.hub.fakes.scanner.asked().len(), asked);
    let sent = simulation.sent();
    assert_eq!(sent.len(), 1);
    simulation.scan(case, N, Clean);
    simulation.settle(sent, Duration::from_secs(60)).await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4, 5, 6]);
    let row = simulation.row(case);
    assert!(row.scan.is_none() && row.retry.is_none() && row.held.is_none());
    assert!(simulation.upstream.uncleared().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_infected_document_is_refused_and_shown_and_later_changes_go_on() {
    for idempotent in [true, false] {
        let simulation = Simulation::new(idempotent);
        let case = case(&simulation, Infected);
        for _ in 0..2 {
            assert_eq!(simulation.wake(case).await, Some(true));
            assert_eq!(simulation.upstream.made(7), [1, 2, 3, 5, 6]);
            assert_eq!(simulation.refused(case), infected());
        }
        let row = simulation.row(case);
        assert_eq!((row.forwarded_through, row.held.is_none()), (6, true));
        assert!(simulation.upstream.uncleared().is_empty() && simulation.sent().is_empty());
        // The case's next change has the next number, and a verdict that changes does not bring the document back.
        simulation.scan(case, N, Clean);
        let table = simulation.hub.env();
        let row = CaseRow::load(table.table().unwrap(), &case).await.unwrap();
        simulation.change(&mut row.unwrap(), 7);
        assert_eq!(simulation.wake(case).await, Some(true));
        assert_eq!(simulation.upstream.made(7), [1, 2, 3, 5, 6, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_loses_a_race_with_another_request_is_done_a_moment_later() {
    let simulation = Simulation::new(false);
    let case = case(&simulation, Infected);
    simulation.scan(case, N, Unscanned);
    assert_eq!(simulation.wake(case).await, Some(true));
    simulation.scan(case, N, Infected);
    let sent = simulation.sent();
    tokio::time::sleep_until(sent[0].due).await;
    let env = simulation.hub.env();
    let mut row = CaseRow::load(env.table().unwrap(), &case).await.unwrap().unwrap();
    let kind = crate::case::row::ChangeKind::Update;
    let correlation = model::id::CorrelationId::new(simulation.now());
    let change = row.change(&env, kind, "{}".to_owned(), correlation, simulation.now());
    let racing = Simulation {
        hub: interleave(&simulation.hub, vec![change.unwrap()]),
        upstream: Arc::clone(&simulation.upstream),
    };
    assert_eq!(racing.deliver(&sent[0].body, 1).await, Some(true));
    assert!(simulation.refused(case).is_empty());
    assert!(simulation.settle(Vec::new(), Duration::from_secs(60)).await < Duration::from_secs(2));
    assert_eq!(simulation.refused(case), infected());
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_document_without_a_verdict_for_a_quarter_of_an_hour_is_held_and_goes_on_by_itself_later() {
    for (verdict, made, refused) in [
        (Clean, vec![1, 2, 3, 4, 5, 6], vec![]),
        (Infected, vec![1, 2, 3, 5, 6], infected()),
    ] {
        let simulation = Simulation::new(false);
        let case = case(&simulation, Unscanned);
        assert_eq!(hold(&simulation, case).await, [6, 11, 21, 41, 81, 161, 321, 259]);
        let held = simulation.row(case).held.unwrap();
        assert_eq!((held.n, held.why), (N, HoldReason::Unscanned));
        assert_eq!(held.reason, "The scanner has no verdict on the document.");
        assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
        // It stays held, with the time at which that began.
        let mut queue = Vec::new();
        simulation.work(&mut queue, 4 * QUARTER).await;
        assert_eq!(simulation.row(case).held.unwrap().at, held.at);
        assert_eq!(simulation.upstream.made(7), [1, 2, 3]);
        simulation.scan(case, N, verdict);
        simulation.work(&mut queue, QUARTER + Duration::from_secs(2)).await;
        let row = simulation.row(case);
        assert!(row.held.is_none() && row.scan.is_none());
        assert_eq!((simulation.upstream.made(7), simulation.refused(case)), (made, refused));
        assert!(simulation.upstream.uncleared().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_questions_end_after_a_day_and_the_change_stays_held() {
    let simulation = Simulation::new(true);
    let case = case(&simulation, Unscanned);
    assert_eq!(simulation.wake(case).await, Some(true));
    let took = simulation.settle(Vec::new(), 3 * DAY).await;
    assert!(took >= DAY && took < DAY + 2 * QUARTER, "{took:?}");
    assert_eq!(simulation.row(case).held.unwrap().why, HoldReason::Unscanned);
    assert!(simulation.hub.fakes.scanner.asked().len() < 120);
    assert!(simulation.sent().is_empty());
    // The operator's decision still works.
    simulation.scan(case, N, Clean);
    decide(&simulation, case, "send").await;
    assert_eq!(simulation.upstream.made(7), [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(start_paused = true)]
async fn an_operators_send_asks_the_scanner_again() {
    for settings in [&[][..], &NO_UPSTREAM] {
        for verdict in [Unscanned, Infected, Clean] {
            let simulation = Simulation::with(true, settings);
            let case = case(&simulation, Unscanned);
            hold(&simulation, case).await;
            simulation.scan(case, N, verdict);
            let asked = simulation.hub.fakes.scanner.asked().len();
            decide(&simulation, case, "send").await;
            assert!(simulation.hub.fakes.scanner.asked().len() > asked);
            assert_eq!(simulation.rows(case, "DECISION#").len(), 1);
            let (held, refused) = (simulation.row(case).held, simulation.refused(case));
            match verdict {
                Unscanned => assert!(held.unwrap().why == HoldReason::Unscanned && refused.is_empty()),
                Infected => assert!(held.is_none() && refused == infected()),
                Clean => assert!(held.is_none() && refused.is_empty()),
            }
            assert!(simulation.upstream.uncleared().is_empty(), "{verdict:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_unscanned_document_that_an_operator_skips_is_shown_and_later_changes_go_on() {
    for (settings, made) in [(&[][..], vec![1, 2, 3, 5, 6]), (&NO_UPSTREAM, vec![])] {
        let simulation = Simulation::with(true, settings);
        let case = case(&simulation, Unscanned);
        hold(&simulation, case).await;
        for _ in 0..2 {
            decide(&simulation, case, "skip").await;
            simulation.settle(Vec::new(), DAY).await;
            let row = simulation.row(case);
            assert!(row.held.is_none() && row.scan.is_none());
            assert_eq!(
                (simulation.refused(case), simulation.upstream.made(7)),
                (unscanned(), made.clone())
            );
        }
        assert_eq!(simulation.rows(case, "DECISION#").len(), 1);
    }
}

/// A scanner that gives no answer.
struct FailingScanner {
    late: bool,
}

impl Scanner for FailingScanner {
    fn verdict<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<ScanVerdict>> {
        Box::pin(async {
            if self.late {
                std::future::pending::<()>().await;
            }
            Err(Error::misconfigured("DOCUMENT_SCANNER is `x`"))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_scanner_that_fails_or_is_late_gives_no_verdict() {
    for late in [true, false] {
        let simulation = Simulation::new(false);
        let failing = Simulation {
            hub: simulation.hub.clone().ports(move |ports| Ports {
                scanner: Arc::new(FailingScanner { late }),
                ..ports
            }),
            upstream: Arc::clone(&simulation.upstream),
        };
        let case = failing.case(7, 6);
        assert_eq!(failing.wake(case).await, Some(true));
        failing.settle(Vec::new(), 2 * QUARTER).await;
        let held = failing.row(case).held.unwrap();
        let reason = if late { "in time" } else { "DOCUMENT_SCANNER" };
        assert!(held.reason.contains(reason), "{}", held.reason);
        assert_eq!(
            (held.why, failing.upstream.made(7)),
            (HoldReason::Unscanned, vec![1, 2, 3])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_not_those_of_the_case_are_not_sent() {
    let simulation = Simulation::new(true);
    let case = case(&simulation, Clean);
    let (files, key) = (&simulation.hub.fakes.files, document::key(7, N));
    let put = files.put("documents", &key, "application/pdf", "%PDF-1.5".into());
    put.await.unwrap();
    assert_eq!(simulation.wake(case).await, Some(true));
    let held = simulation.row(case).held.unwrap();
    assert_eq!((held.n, held.why), (N, HoldReason::Unsendable));
    assert_eq!(simulation.upstream.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_an_upstream_infected_documents_are_shown_and_others_are_not() {
    let simulation = Simulation::with(true, &NO_UPSTREAM);
    let case = simulation.case(7, 12);
    simulation.scan(case, 8, Infected);
    for _ in 0..2 {
        assert_eq!(simulation.wake(case).await, Some(true));
        assert_eq!(
            simulation.refused(case),
            [(document::id(7, 8), DocumentRefusal::Infected)]
        );
    }
    let row = simulation.row(case);
    assert_eq!((row.scanned_through, row.forwarded_through), (12, 0));
    let asked = [4, 8, 12].map(|n| document::key(7, n));
    assert_eq!(simulation.hub.fakes.scanner.asked(), asked, "each document once");
    assert!(simulation.upstream.seen().is_empty() && simulation.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_an_upstream_a_deleted_file_is_not_waited_for() {
    let simulation = Simulation::with(true, &NO_UPSTREAM);
    let case = case(&simulation, Unscanned);
    let hub = simulation.hub.clone().ports(|ports| Ports {
        blobs: Arc::new(FakeFiles::default()),
        ..ports
    });
    let wake = format!(r#"{{"sequence":{case}}}"#);
    assert_eq!(hub.deliver("bqs-forward", &wake).await, Some(true));
    assert_eq!(simulation.row(case).scanned_through, 6);
    assert!(simulation.row(case).held.is_none() && simulation.sent().is_empty());
}
