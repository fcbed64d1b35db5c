//! What a notice of EXAMPLE does, and that each does it once.

use runtime::testing::{Examples, Harness, TestRequest};
use serde_json::json;

use super::*;
use crate::testing::harness;

const SECRET: &str = "whsec_dGVzdC1leGFtcGxlLXdlYmhvb2s=";
const WORKER: &str = "mmob-example-apply";

fn example() -> Harness<Env> {
    let settings = [("EXAMPLE_SECRET", "example"), ("MMOB_EXAMPLE_QUEUE_URL", "notices")];
    let members = json!({SECRET_MEMBER: SECRET});
    harness().with(&settings).secret("example", &members)
}

/// A notice about the same installation.
fn notice(status: &str, happened_at: &str) -> String {
    json!({"installation": "in_1", "status": status, "happenedAt": happened_at}).to_string()
}

fn done() -> String {
    notice("DONE", "2026-01-05T10:20:00Z")
}

fn post<'a>(h: &'a Harness<Env>, secret: &str, id: &str, body: &str) -> TestRequest<'a> {
    let at = h.now().as_second();
    let signature = signature::sign(secret, id, at, body.as_bytes()).unwrap();
    h.post("/webhooks/example/installations", body)
        .header("webhook-id", id)
        .header("webhook-timestamp", &at.to_string())
        .header("webhook-signature", &signature)
}

/// The status of the installation, and how often its row was written.
async fn installation(h: &Harness<Env>) -> (InstallationStatus, u32) {
    let env = h.env();
    let row = InstallationRow::load(env.table().unwrap(), "in_1").await.unwrap();
    let row = row.unwrap();
    (row.newest.status, row.version.revision())
}

/// Sends the example of the API document.
pub async fn notices(examples: &mut Examples) {
    let request = examples.request("mmob-example-webhook");
    let taken = post(&example(), SECRET, "evt_1", &request).await;
    examples.response("mmob-example-webhook", &taken);
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_is_delivered_twice_is_stored_and_applied_once() {
    let h = example();
    for _ in 0..2 {
        assert_eq!(post(&h, SECRET, "evt_1", &done()).await.status, 200);
    }
    assert_eq!(h.fakes.store.table("mmob").len(), 1);
    let sent = h.fakes.queue.take();
    assert_eq!(sent.len(), 2, "the first message may be lost");
    for sent in &sent {
        assert_eq!(sent.url, "notices");
        assert_eq!(h.deliver(WORKER, &sent.body).await, Some(true));
    }
    assert_eq!(installation(&h).await, (InstallationStatus::Done, 1));
    let before = h.fakes.state();
    assert_eq!(post(&h, SECRET, "evt_1", &done()).await.status, 200);
    assert_eq!(h.fakes.state(), before, "the notice is applied");
}

#[tokio::test(start_paused = true)]
async fn a_notice_without_examples_signature_changes_nothing() {
    let h = example();
    let before = h.fakes.state();
    let body = done();
    for forged in [
        post(&h, "whsec_b3RoZXItd2ViaG9vaw==", "evt_1", &body),
        post(&h, SECRET, "evt_1", &body).body(notice("FAILED", "2026-01-05T10:20:00Z")),
        post(&h, SECRET, "evt_1", &body).header("webhook-id", "evt_2"),
        post(&h, SECRET, "evt_1", &body).without("webhook-signature"),
    ] {
        let refused = forged.await;
        assert_eq!((refused.status, refused.code().as_str()), (401, "unauthenticated"));
    }
    assert_eq!(post(&h, SECRET, "evt_1", "{}").await.status, 400);
    h.fakes.secrets.set("example", &json!({}));
    assert_eq!(post(&h.instance(), SECRET, "evt_1", &body).await.status, 503);
    assert_eq!(h.fakes.state(), before);
}

#[tokio::test(start_paused = true)]
async fn a_crash_loses_no_notice_and_applies_none_twice() {
    for steps in 0.. {
        let h = example();
        let webhook = post(&h.crash_after(steps), SECRET, "evt_1", &done()).attempt().await;
        if webhook.is_none() {
            let repeated = post(&h, SECRET, "evt_1", &done()).await;
            assert_eq!(repeated.status, 200, "EXAMPLE repeats it");
        }
        let message = h.fakes.queue.take().remove(0).body;
        let worker = h.crash_after(steps).deliver(WORKER, &message).await;
        if worker.is_none() {
            assert_eq!(h.redeliver(WORKER, &message, 2).await, Some(true), "SQS repeats it");
        }
        assert_eq!(installation(&h).await, (InstallationStatus::Done, 1), "{steps} steps");
        if webhook.is_some() && worker.is_some() {
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_notice_does_not_undo_a_newer_one() {
    let h = example();
    let booked = notice("BOOKED", "2026-01-05T10:10:00Z");
    for (id, body) in [("evt_2", &done()), ("evt_1", &booked)] {
        assert_eq!(post(&h, SECRET, id, body).await.status, 200);
        let message = h.fakes.queue.take().remove(0).body;
        assert_eq!(h.deliver(WORKER, &message).await, Some(true));
    }
    assert_eq!(installation(&h).await, (InstallationStatus::Done, 1));
}
