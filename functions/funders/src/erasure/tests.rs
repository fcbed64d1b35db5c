//! A person's data goes, with a canary in each of its texts, and a neighbour's rows stay as they are.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use runtime::testing::erasing::{data, email, everything, request, slow_scans, state};
use runtime::testing::{Harness, SuspendAt, TestResponse};
use runtime::work::erasure::ErasureState;
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{
    DOCUMENT, FundersHarness, GENERATE, JANE, JOHN, PROPOSE, WEBHOOK_SECRETS, good, harness_with, sample,
};

const ERASE: &str = "funders-erase";
/// A lease of a crashed run, and the pause before a second pass, have ended.
const LATER: Duration = Duration::from_secs(31 * 60);
/// In every text that a quote can have.
const CANARY: &str = "xyzzycanary";

/// John's request, in another spelling of his address.
fn john() -> String {
    let mut body: Value = serde_json::from_str(&sample("LEX")).unwrap();
    body["customerDetails"]["email"] = "John.Doe@Example.com".into();
    body["customerDetails"]["firstName"] = CANARY.into();
    body["customerDetails"]["lastName"] = CANARY.into();
    body["customerDetails"]["address"]["line1"] = CANARY.into();
    body["source"] = CANARY.into();
    body["vehicleDetails"]["capId"] = "99999".into();
    body["vehicleDetails"]["make"] = CANARY.into();
    body["vehicleDetails"]["model"] = CANARY.into();
    body.to_string()
}

fn jane() -> String {
    sample("LEX").replace(JOHN, JANE)
}

/// A person's quote, listed and with a price, and its proposal with a document, which its funder has. The responses to both
/// requests.
async fn propose(h: &Harness<Env>, body: &str, key: &str) -> [TestResponse; 2] {
    let quote = h.post(GENERATE, body).key(key).await;
    assert_eq!(quote.status, 201, "{}", quote.text);
    h.first_look().await;
    let id = quote.data()["id"].as_str().unwrap().to_owned();
    let proposal = json!({"quoteId": id, "additionalDocuments": {"drivingLicense": DOCUMENT}});
    let proposal = h.post(PROPOSE, proposal).key(&format!("{key}-proposal")).await;
    assert_eq!(proposal.status, 202, "{}", proposal.text);
    for sent in h.fakes.queue.take() {
        assert_eq!(h.deliver("funders-proposal-submit", &sent.body).await, Some(true));
    }
    [quote, proposal]
}

async fn hub() -> Harness<Env> {
    let h = harness_with(&[]);
    h.fakes.transport.script([], good());
    propose(&h.as_person("jane", JANE, &[]), &jane(), "jane").await;
    h
}

async fn later(h: &Harness<Env>) {
    tokio::time::advance(LATER).await;
    assert_eq!(h.tick(ERASE).await, Some(true));
}

#[track_caller]
fn assert_erased(h: &Harness<Env>, why: &str) {
    let all = everything(h);
    for value in [CANARY, JOHN] {
        let at = all
            .find(value)
            .map(|at| &all[at.saturating_sub(300)..(at + 100).min(all.len())]);
        assert_eq!(at, None, "{why}");
    }
    assert_eq!(h.fakes.files.versions().len(), 1, "{why}: Jane's document");
}

#[tokio::test(start_paused = true)]
async fn everything_of_a_person_goes_and_a_neighbours_rows_stay() {
    let h = hub().await;
    let mut before = data(&h);
    // Places of workers are no person's.
    before.retain(|key, _| !key.pk.starts_with("SHARE#"));
    let [quote, proposal] = propose(&h, &john(), "john").await;
    assert!(everything(&h).contains(CANARY));
    let id = request(&h, email(&h, JOHN)).await;
    assert!(!format!("{:?}", h.fakes.store.table("erasures")).contains("john"));
    assert_eq!(h.tick(ERASE).await, Some(true));
    assert_erased(&h, "after the first pass");
    let after = data(&h);
    for (key, row) in &before {
        assert_eq!(after.get(key), Some(row), "{key:?}");
    }
    let counted = state(&h, id, "funders").await;
    assert_eq!(counted.state, ErasureState::Repeat);
    assert!(counted.rows >= 8 && counted.files == 1 && counted.log_rows >= 2 && counted.responses == 2);
    // A repeated request makes nothing again: its key stays claimed.
    let replays = [
        h.post(GENERATE, john()).key("john").await,
        h.post(
            PROPOSE,
            json!({"quoteId": quote.data()["id"], "additionalDocuments": {"drivingLicense": DOCUMENT}}),
        )
        .key("john-proposal")
        .await,
    ];
    assert_eq!(replays.map(|got| got.status), [409, 409]);
    for location in [&quote, &proposal].map(|got| got.location().unwrap()) {
        assert_eq!(h.get(&location).await.status, 404, "{location}");
    }
    assert_eq!(h.tick(ERASE).await, Some(true));
    assert_eq!(state(&h, id, "funders").await, counted, "the second pass is not due");
    later(&h).await;
    let done = state(&h, id, "funders").await;
    assert!(done.state == ErasureState::Done && done.done_at.is_some());
    assert_eq!(done.rows, counted.rows, "there was nothing more");
    let open = h.fakes.store.table("erasures").into_iter();
    assert!(!open.into_iter().any(|row| row["pk"].as_s().unwrap() == "OPEN#funders"));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_crashes_anywhere_is_gone_on_with() {
    for steps in 0.. {
        let h = hub().await;
        propose(&h, &john(), "john").await;
        let id = request(&h, email(&h, JOHN)).await;
        let ended = h.crash_after(steps).tick(ERASE).await;
        later(&h).await;
        assert_erased(&h, &format!("crashed after {steps} steps"));
        later(&h).await;
        assert_eq!(state(&h, id, "funders").await.state, ErasureState::Done, "{steps}");
        assert_erased(&h, &format!("crashed after {steps} steps, and done"));
        if ended.is_some() {
            assert!(steps > 60, "{steps} steps");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_worker_in_flight_writes_again_goes_in_the_second_pass() {
    for step in 0..12 {
        let h = hub().await;
        let got = h.post(GENERATE, john()).await;
        assert_eq!(got.status, 201);
        let message = h.fakes.queue.take().remove(0);
        let fault = Arc::new(SuspendAt::new(step));
        let slow = h.faulty(fault.clone());
        let mut worker = Box::pin(slow.deliver("funders-quote-follow-up", &message.body));
        assert!(
            worker.as_mut().now_or_never().is_none(),
            "{step} is a step of the worker"
        );
        request(&h, email(&h, JOHN)).await;
        assert_eq!(h.tick(ERASE).await, Some(true));
        fault.resume();
        let _ = worker.await;
        later(&h).await;
        assert_eq!(h.fakes.files.versions().len(), 1);
        let all = everything(&h);
        assert!(!all.contains(CANARY) && !all.contains(JOHN), "suspended at {step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_time_ends_goes_on_where_it_stopped() {
    let h = hub().await;
    propose(&h, &john(), "john").await;
    let id = request(&h, email(&h, JOHN)).await;
    let slow = h.clone().ports(|ports| slow_scans(ports, Duration::from_secs(1)));
    let slow = slow.time_limit(Duration::from_millis(61_500));
    let mut runs = 0;
    while state(&h, id, "funders").await.state == ErasureState::Open {
        assert_eq!(slow.instance().tick(ERASE).await, Some(true));
        runs += 1;
        assert!(runs < 60, "it never ends");
    }
    assert!(runs > 3, "{runs} runs");
    assert_erased(&h, "after runs of two pages each");
}

#[tokio::test(start_paused = true)]
async fn what_was_made_after_the_request_stays() {
    let h = hub().await;
    propose(&h, &john(), "john").await;
    let id = request(&h, email(&h, JOHN)).await;
    assert_eq!(h.tick(ERASE).await, Some(true));
    tokio::time::advance(Duration::from_secs(1)).await;
    let before = data(&h);
    // John comes back.
    assert_eq!(h.post(GENERATE, sample("LEX")).await.status, 201);
    h.first_look().await;
    let mut new = data(&h);
    new.retain(|key, row| before.get(key) != Some(row));
    later(&h).await;
    assert_eq!(state(&h, id, "funders").await.state, ErasureState::Done);
    let after = data(&h);
    for (key, row) in new {
        assert_eq!(after.get(&key), Some(&row), "{key:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_about_what_was_erased_end_quietly() {
    let h = hub().await;
    let [quote, _] = propose(&h, &john(), "john").await;
    let proposals = h.proposals();
    let proposal = proposals
        .iter()
        .find(|row| quote.data()["id"] == json!(row.quote_id))
        .unwrap();
    request(&h, email(&h, JOHN)).await;
    assert_eq!(h.tick(ERASE).await, Some(true));
    let quote = json!({"id": quote.data()["id"], "attempt": 1}).to_string();
    let event = json!({"funder": WEBHOOK_SECRETS[0].0, "environment": "SANDBOX", "event": "evt_1"}).to_string();
    for (worker, body) in [
        ("funders-quote-follow-up", quote.clone()),
        ("funders-quote-retry", quote),
        ("funders-proposal-submit", json!({"id": proposal.id}).to_string()),
        ("funders-event-apply", event),
    ] {
        assert_eq!(h.deliver(worker, &body).await, Some(false), "{worker}: it may be early");
        assert_eq!(h.redeliver(worker, &body, 2).await, Some(true), "{worker}");
    }
    assert_eq!(h.tick("funders-reconcile").await, Some(true));
    assert!(h.fakes.queue.sent().is_empty(), "no dead letter and no further message");
    assert_erased(&h, "after the messages");
}

#[tokio::test(start_paused = true)]
async fn without_an_erasure_nothing_is_scanned() {
    let h = hub().await;
    let before = h.fakes.state();
    let steps = h.crash_after(2);
    assert_eq!(steps.tick(ERASE).await, Some(true), "one query");
    assert_eq!(h.fakes.state(), before);
}
