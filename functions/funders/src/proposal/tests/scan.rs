//! Documents and the scanner: a proposal goes to its funder only if every document is clean.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, pending};
use model::id::ProposalId;
use model::proposal::ProposalStatus::{Failed, Pending, Submitted};
use model::quote::QuoteStatus;
use runtime::port::Ports;
use runtime::port::blob::Blobs;
use runtime::port::scanner::ScanVerdict::{self, Clean, Infected, Unscanned};
use runtime::port::scanner::Scanner;
use runtime::port::store;
use runtime::testing::{Harness, Sent, SuspendAt};
use serde_json::json;

use crate::Env;
use crate::proposal::Phase;
use crate::testing::{DOCUMENT, FakeFunder, FundersHarness, PROPOSE, proposal_harness, proposal_harness_with};

const SUBMIT: &str = "funders-proposal-submit";
const TYPES: [&str; 2] = ["drivingLicense", "proofOfIncome"];
const HELD: &str = "documents not scanned for 15 minutes";

/// A proposal with two documents, and the scanner's verdict on each.
async fn proposal(verdicts: [ScanVerdict; 2]) -> (Harness<Env>, Arc<FakeFunder>, ProposalId) {
    let (h, funder) = proposal_harness();
    let id = h.documented_proposal("LEX", &TYPES).await;
    for (place, verdict) in verdicts.into_iter().enumerate() {
        h.fakes.scanner.set(&key(id, place), verdict);
    }
    (h, funder, id)
}

fn key(id: ProposalId, place: usize) -> String {
    format!("proposals/{id}/{place}")
}

/// Delivers this message once its delay is over, with the schedule running meanwhile. The message that follows it.
async fn next(h: &Harness<Env>, sent: Sent) -> Option<Sent> {
    let mut left = sent.delay;
    while left >= Duration::from_secs(60) {
        h.minutes(1).await;
        left -= Duration::from_secs(60);
    }
    tokio::time::advance(left).await;
    assert_eq!(h.reconcile().await, Some(true));
    assert_eq!(h.deliver(SUBMIT, &sent.body).await, Some(true));
    let mut new: Vec<_> = h.fakes.queue.take();
    assert!(new.len() <= 1, "one message leads to one: {new:?}");
    new.pop()
}

/// The first message of a proposal, right after the request.
fn first(id: ProposalId) -> Sent {
    Sent {
        url: "submit".to_owned(),
        body: json!({"id": id}).to_string(),
        delay: Duration::from_secs(2),
        reason: None,
    }
}

#[tokio::test(start_paused = true)]
async fn clean_documents_go_to_the_funder_at_once() {
    let (h, funder, id) = proposal([Clean, Clean]).await;
    assert_eq!(h.submit(id).await, Some(true));
    assert_eq!((h.proposal_row(id).status, funder.all_taken()), (Submitted, 1));
    assert_eq!(h.fakes.scanner.asked(), [key(id, 0), key(id, 1)]);
}

#[tokio::test(start_paused = true)]
async fn a_proposal_without_documents_asks_no_scanner() {
    let (h, funder) = proposal_harness();
    h.fakes.scanner.set_down(true);
    let id = h.proposal("LEX");
    assert_eq!(h.submit(id).await, Some(true));
    assert_eq!((funder.all_taken(), h.fakes.scanner.asked().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_proposal_waits_for_the_last_verdict_and_costs_its_funder_nothing() {
    let (h, funder, id) = proposal([Clean, Unscanned]).await;
    let mut sent = next(&h, first(id)).await.unwrap();
    let mut delays = Vec::new();
    for _ in 0..14 {
        delays.push(sent.delay.as_secs());
        sent = next(&h, sent).await.unwrap();
        let row = h.proposal_row(id);
        assert_eq!((row.status, row.phase, row.attempt), (Pending, Phase::Waiting, 0));
    }
    assert_eq!(delays, [5, 5, 6, 9, 13, 20, 30, 45, 60, 60, 60, 60, 60, 60]);
    let places = |row: &store::Item| row["pk"].as_s().unwrap().starts_with("SHARE#");
    assert!(!h.fakes.store.table("funders").iter().any(places), "no place is taken");
    assert!(funder.posts().is_empty() && h.announced().is_empty());
    let list = h.as_staff().get("/api/proposals").await;
    assert_eq!(list.data()[0]["status"], "PENDING", "it is listed meanwhile");
    h.fakes.scanner.set(&key(id, 1), Clean);
    assert_eq!(next(&h, sent).await, None);
    assert_eq!((h.proposal_row(id).status, funder.all_taken()), (Submitted, 1));
}

/// The dead letter of a proposal whose documents got no verdict.
async fn held(h: &Harness<Env>, id: ProposalId) -> Sent {
    let mut sent = first(id);
    while sent.reason.is_none() {
        sent = next(h, sent).await.unwrap();
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn without_a_verdict_for_15_minutes_a_proposal_is_held_and_looks_again_after_a_redrive() {
    let (h, funder, id) = proposal([Unscanned, Clean]).await;
    let requested = h.now();
    let dead = held(&h, id).await;
    assert_eq!(h.now().duration_since(requested).as_secs(), 15 * 60);
    assert_eq!((dead.url.as_str(), dead.reason.as_deref()), ("dead", Some(HELD)));
    // The schedule does not send it again.
    h.minutes(180).await;
    assert!(h.fakes.queue.take().is_empty() && funder.posts().is_empty());
    let quote = h.proposal_row(id).quote_id;
    assert_eq!(
        (h.proposal_row(id).status, h.quote_row(quote).status),
        (Pending, QuoteStatus::Converted)
    );
    // An operator redrives it too early, and again.
    assert_eq!(h.deliver(SUBMIT, &dead.body).await, Some(true));
    let again = h.fakes.queue.take();
    assert_eq!((again.len(), again[0].reason.as_deref()), (1, Some(HELD)));
    h.fakes.scanner.set(&key(id, 0), Clean);
    assert_eq!(h.deliver(SUBMIT, &dead.body).await, Some(true));
    let row = h.proposal_row(id);
    assert_eq!((row.status, funder.all_taken()), (Submitted, 1));
}

/// Its time to wait for a worker begins with the redrive: it did not use it up while it was held.
#[tokio::test(start_paused = true)]
async fn a_held_proposal_that_is_clean_after_a_redrive_waits_for_a_worker_like_a_new_one() {
    let (h, _) = proposal_harness_with(&[("PROPOSAL_SHARE", "1")]);
    let id = h.documented_proposal("LEX", &TYPES).await;
    h.fakes.scanner.set_all(Unscanned);
    let dead = held(&h, id).await;
    h.fakes.scanner.set_all(Clean);
    // Another worker is in the only place.
    let other = h.proposal("LEX");
    let suspended = Arc::new(SuspendAt::new(12));
    let slow = h.faulty(suspended.clone());
    let redrive = async {
        assert_eq!(h.deliver(SUBMIT, &dead.body).await, Some(true));
        suspended.resume();
    };
    tokio::join!(slow.submit(other), redrive);
    let row = h.proposal_row(id);
    assert_eq!((row.status, row.phase), (Pending, Phase::Waiting));
    let sent = h.fakes.queue.take().pop().unwrap();
    assert_eq!(next(&h, sent).await, None);
    assert_eq!(h.proposal_row(id).status, Submitted);
}

#[tokio::test(start_paused = true)]
async fn an_infected_document_fails_the_proposal_and_is_named_and_deleted() {
    for other in [Clean, Unscanned] {
        let (h, funder, id) = proposal([other, Infected]).await;
        assert_eq!(h.submit(id).await, Some(true));
        let got = h.get(&format!("/api/integration/proposals/{id}/status")).await.data();
        assert_eq!(
            (&got["status"], &got["failure"]["code"]),
            (&json!("FAILED"), &json!("document-refused"))
        );
        assert_eq!(
            (&got["failure"]["retryable"], &got["failure"]["errors"]),
            (
                &json!(false),
                &json!([{"field": "additionalDocuments.proofOfIncome", "message": "has malware"}])
            )
        );
        let keys: Vec<_> = h.fakes.files.files().into_iter().map(|file| file.0).collect();
        assert_eq!(keys, [key(id, 0)], "only the other document is left");
        let events = h.fakes.bus.published();
        let data: serde_json::Value = serde_json::from_str(events[0].data.get()).unwrap();
        assert_eq!((events.len(), &data["code"]), (1, &json!("document-refused")));
        // The quote is free for another proposal.
        let quote = h.quote_row(h.proposal_row(id).quote_id);
        assert_eq!((quote.status, quote.proposal_id), (QuoteStatus::Generated, None));
        let body = json!({"quoteId": quote.id, "additionalDocuments": {"drivingLicense": DOCUMENT}});
        assert_eq!(h.post(PROPOSE, body).await.status, 202);
        // Any number of deliveries later.
        for _ in 0..3 {
            assert_eq!(h.submit(id).await, Some(true));
        }
        h.minutes(30).await;
        assert_eq!((funder.posts().len(), h.announced().len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_scanner_that_fails_or_hangs_has_no_verdict() {
    let (h, funder, id) = proposal([Clean, Clean]).await;
    h.fakes.scanner.set_down(true);
    let sent = next(&h, first(id)).await.unwrap();
    assert_eq!((sent.delay.as_secs(), h.proposal_row(id).status), (5, Pending));
    let hanging = h.clone().ports(|ports| Ports {
        scanner: Arc::new(HangingScanner),
        ..ports
    });
    let sent = next(&hanging, sent).await.unwrap();
    assert!(funder.posts().is_empty());
    h.fakes.scanner.set_down(false);
    assert_eq!(next(&h, sent).await, None);
    assert_eq!(funder.all_taken(), 1);
}

struct HangingScanner;

impl Scanner for HangingScanner {
    fn verdict<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, model::Result<ScanVerdict>> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_document_that_was_replaced_is_not_sent() {
    let (h, funder, id) = proposal([Clean, Clean]).await;
    let (first, size) = (key(id, 0), h.fakes.files.files()[0].2.len());
    let put = h
        .fakes
        .files
        .put("documents", &first, "application/pdf", vec![b' '; size].into());
    put.await.unwrap();
    assert_eq!(h.submit(id).await, Some(false));
    assert!(funder.posts().is_empty());
}

/// An instance crashes at every step there is. The verdict on a document comes after the crash.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_sends_only_clean_documents_and_loses_nothing() {
    for (before, after) in [
        (Clean, Clean),
        (Unscanned, Clean),
        (Unscanned, Infected),
        (Unscanned, Unscanned),
        (Infected, Infected),
    ] {
        for minutes in [0, 15] {
            let mut crashes = 0;
            for steps in 0.. {
                let (h, funder, id) = proposal([Clean, before]).await;
                tokio::time::advance(Duration::from_secs(60 * minutes)).await;
                let crashed = h.crash_after(steps).submit(id).await.is_none();
                crashes += u32::from(crashed);
                assert!(before == Clean || funder.posts().is_empty());
                tokio::time::advance(Duration::from_secs(180)).await;
                h.fakes.scanner.set(&key(id, 1), after);
                // SQS delivers a message of a crashed worker again, and an operator what was held.
                h.submit(id).await;
                for _ in 0..40 {
                    h.minutes(1).await;
                    for sent in h.fakes.queue.take() {
                        assert!(sent.url == "submit" || sent.reason.as_deref() == Some(HELD));
                        h.deliver(SUBMIT, &sent.body).await;
                    }
                }
                let (status, taken) = match after {
                    Clean => (Submitted, 1),
                    Infected => (Failed, 0),
                    Unscanned => (Pending, 0),
                };
                let row = h.proposal_row(id);
                assert_eq!(
                    (row.status, funder.all_taken()),
                    (status, taken),
                    "{after:?} after {steps} steps"
                );
                let mut events = h.announced();
                events.dedup();
                assert_eq!(events.len(), usize::from(status != Pending));
                if !crashed {
                    break;
                }
            }
            assert!(crashes > 5, "{crashes} steps");
        }
    }
}
