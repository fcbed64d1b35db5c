//! Webhooks: which messages are believed, and what a message does.

use std::sync::Arc;
use std::time::Duration;

use model::proposal::ProposalStatus;
use model::quote::Environment::{self, Live, Sandbox};
use runtime::http::signature;
use runtime::testing::{Harness, TestRequest};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FakeFunder, FundersHarness, WEBHOOK_SECRETS, proposal_harness, proposal_harness_with};

const APPLY: &str = "funders-event-apply";
const LEX: &str = WEBHOOK_SECRETS[0].1;
/// The webhook secret of LEX's LIVE environment.
const LEX_LIVE: &str = "whsec_bGV4LWxpdmUtd2ViaG9vaw==";
const SIGNERS: [(Environment, &str); 2] = [(Sandbox, LEX), (Live, LEX_LIVE)];
/// The id of no proposal.
const ABSENT: &str = "0190d5a0-0000-7000-8000-000000000002";

/// A message as its sender makes it.
#[derive(Clone)]
struct Hook {
    path: &'static str,
    /// The path's parameter. A function URL gives none.
    funder: Option<&'static str>,
    id: String,
    at: i64,
    body: String,
    signature: Option<String>,
}

impl Hook {
    fn new(h: &Harness<Env>, body: impl ToString) -> Self {
        Self {
            path: "/webhooks/lex",
            funder: Some("lex"),
            id: "evt_1".to_owned(),
            at: h.now().as_second(),
            body: body.to_string(),
            signature: None,
        }
        .signed(LEX)
    }

    fn signed(self, secret: &str) -> Self {
        let signature = signature::sign(secret, &self.id, self.at, self.body.as_bytes()).unwrap();
        Self {
            signature: Some(signature),
            ..self
        }
    }

    fn to<'a>(&self, h: &'a Harness<Env>) -> TestRequest<'a> {
        let request = h
            .call("funders-webhook", &http::Method::POST, self.path)
            .without("authorization")
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", &self.at.to_string())
            .body(&self.body);
        let request = match self.funder {
            Some(funder) => request.path("funder", funder),
            None => request,
        };
        match &self.signature {
            Some(signature) => request.header("webhook-signature", signature),
            None => request,
        }
    }
}

fn event(reference: &str, status: &str) -> Value {
    json!({"type": "proposal.updated", "timestamp": "2026-01-05T10:20:00Z",
        "data": {"reference": reference, "externalReference": "P1", "status": status, "reason": null}})
}

fn untouched(h: &Harness<Env>, funder: &FakeFunder) -> bool {
    h.fakes.store.table("funders").is_empty() && h.fakes.queue.sent().is_empty() && funder.asked().is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_signed_message_is_stored_once() {
    let (h, _) = proposal_harness();
    let hook = Hook::new(&h, event(ABSENT, "APPROVED"));
    let got = hook.to(&h).await;
    assert_eq!((got.status, got.text.as_str()), (200, "{}"));
    let sent = h.fakes.queue.take();
    assert_eq!(
        (sent.len(), sent[0].url.as_str(), sent[0].body.as_str()),
        (
            1,
            "events",
            r#"{"funder":"LEX","environment":"SANDBOX","event":"evt_1"}"#
        )
    );
    assert_eq!(
        h.deliver(APPLY, &sent[0].body).await,
        Some(true),
        "about no proposal of ours"
    );
    let rows = h.fakes.store.table("funders");
    for _ in 0..3 {
        assert_eq!(hook.to(&h).await.status, 200);
    }
    assert_eq!((h.fakes.store.table("funders"), h.fakes.queue.sent().len()), (rows, 0));
}

#[tokio::test(start_paused = true)]
async fn the_documented_route_is_the_function() {
    let (h, _) = proposal_harness();
    let hook = Hook::new(&h, event(ABSENT, "APPROVED"));
    let got = h
        .post("/webhooks/lex", &hook.body)
        .header("webhook-id", &hook.id)
        .header("webhook-timestamp", &hook.at.to_string())
        .header("webhook-signature", hook.signature.as_deref().unwrap())
        .await;
    assert_eq!((got.status, h.sent("events").len()), (200, 1));
}

#[tokio::test(start_paused = true)]
async fn a_repeated_webhook_makes_up_for_a_lost_message() {
    let (h, funder) = proposal_harness();
    let id = h.proposal("LEX");
    h.submit(id).await;
    funder.decide(&id.to_string(), "ACCEPTED");
    let hook = Hook::new(&h, event(&id.to_string(), "APPROVED"));
    let hurried = h.clone().time_limit(Duration::from_secs(2));
    for steps in 0.. {
        if hook.to(&hurried.crash_after(steps)).attempt().await.is_some() {
            break;
        }
    }
    assert_eq!(hook.to(&hurried).await.status, 200);
    for sent in h.sent("events") {
        assert_eq!(h.redeliver(APPLY, &sent.body, 2).await, Some(true));
    }
    assert_eq!(h.proposal_row(id).status, ProposalStatus::Approved);
    assert_eq!(h.announced().last().unwrap().0, "proposal.approved");
    assert_eq!(h.announced().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_message_is_believed_without_the_funders_signature() {
    let (h, funder) = proposal_harness();
    let good = Hook::new(&h, event(ABSENT, "APPROVED"));
    let with = |signature: &str| Hook {
        signature: Some(signature.to_owned()),
        ..good.clone()
    };
    let own = good.signature.clone().unwrap();
    let later = |seconds| Hook {
        at: good.at + seconds,
        ..good.clone()
    };
    let forged = [
        Hook {
            signature: None,
            ..good.clone()
        },
        with(""),
        with("v1,"),
        with("v1,AAAA"),
        with("v1,not base64"),
        with(&own.replace("v1,", "v1a,")),
        with(&own.replace("v1,", "")),
        good.clone().signed(WEBHOOK_SECRETS[1].1),
        later(-301).signed(LEX),
        later(301).signed(LEX),
        // A good signature, moved to another time, id or body.
        later(1),
        Hook {
            id: "evt_2".into(),
            ..good.clone()
        },
        Hook {
            id: String::new(),
            ..good.clone()
        }
        .signed(LEX),
        Hook {
            body: good.body.replace("APPROVED", "DECLINED"),
            ..good.clone()
        },
        Hook {
            body: serde_json::to_string_pretty(&event(ABSENT, "APPROVED")).unwrap(),
            ..good.clone()
        },
        Hook {
            path: "/webhooks/alphabet",
            funder: Some("alphabet"),
            ..good.clone()
        },
    ];
    for (number, hook) in forged.iter().enumerate() {
        let got = hook.to(&h).await;
        assert_eq!(
            (got.status, got.code().as_str()),
            (401, "unauthenticated"),
            "number {number}"
        );
        assert!(untouched(&h, &funder), "number {number}");
    }
    assert_eq!(later(-299).signed(LEX).to(&h).await.status, 200);
    tokio::time::advance(Duration::from_secs(400)).await;
    assert_eq!(good.to(&h).await.status, 401, "a replay");
}

#[tokio::test(start_paused = true)]
async fn without_a_secret_nothing_is_accepted() {
    let (h, funder) = proposal_harness();
    let hook = Hook::new(&h, event(ABSENT, "APPROVED"));
    h.fakes
        .secrets
        .set("lex-sandbox-webhook", &json!({"LEX_APP_ID": "test"}));
    let got = hook.to(&h).await;
    assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
    assert!(untouched(&h, &funder));
}

/// The same instance verifies all of these.
#[tokio::test(start_paused = true)]
async fn a_changed_secret_is_noticed_in_time() {
    const NEW: &str = "whsec_bmV3IHRlc3Qgc2VjcmV0";
    let (h, _) = proposal_harness();
    let set = |secrets: &str| {
        h.fakes
            .secrets
            .set("lex-sandbox-webhook", &json!({"LEX_WEBHOOK_SECRET": secrets}))
    };
    let status = async |secret: &str| {
        let hook = Hook::new(&h, event(ABSENT, "APPROVED")).signed(secret);
        hook.to(&h).await.status
    };
    set("");
    assert_eq!(status(LEX).await, 503);
    set(LEX);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(status(LEX).await, 200, "it was missing");
    set(&format!("{LEX} {NEW}"));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(status(NEW).await, 200, "its signature did not fit");
    set(NEW);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(status(LEX).await, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(status(LEX).await, 401, "it was removed a minute ago");
    assert_eq!(status(NEW).await, 200);
}

#[tokio::test(start_paused = true)]
async fn an_address_is_exactly_a_funder() {
    let (h, fake) = proposal_harness();
    let good = Hook::new(&h, event(ABSENT, "APPROVED"));
    for funder in ["LEX", "Lex", "acme", "lex ", "..", "lex%2f"] {
        let funder = Some(funder);
        let got = Hook { funder, ..good.clone() }.to(&h).await;
        assert_eq!((got.status, got.code().as_str()), (404, "not-found"), "{funder:?}");
    }
    let url = Hook { funder: None, ..good };
    for path in [
        "/webhooks/LEX",
        "/webhooks/",
        "/webhooks",
        "/webhooks/lex/more",
        "/",
        "/webhooks/acme",
    ] {
        let got = Hook { path, ..url.clone() }.to(&h).await;
        assert_eq!(got.status, 404, "{path}");
    }
    assert!(untouched(&h, &fake));
    assert_eq!(url.to(&h).await.status, 200, "a function URL");
}

#[tokio::test(start_paused = true)]
async fn a_signed_and_malformed_message_is_refused_and_another_event_type_is_ignored() {
    let (h, funder) = proposal_harness();
    let mut long = event(ABSENT, "APPROVED");
    long["data"]["externalReference"] = "P".repeat(101).into();
    let double = event(ABSENT, "APPROVED")
        .to_string()
        .replace(r#""status":"#, r#""status":"DECLINED","status":"#);
    for body in [
        "",
        "{",
        "[]",
        "{}",
        &event("x", "APPROVED").to_string(),
        &event(ABSENT, "FAILED").to_string(),
        &long.to_string(),
        &double,
    ] {
        let got = Hook::new(&h, body).to(&h).await;
        assert_eq!((got.status, got.code().as_str()), (400, "malformed"), "{body}");
    }
    let other = r#"{"type":"newsletter","timestamp":"2026-01-05T10:20:00Z","data":{}}"#;
    let other = Hook::new(&h, other).to(&h).await;
    assert_eq!((other.status, other.text.as_str()), (204, ""));
    assert!(untouched(&h, &funder));
    let large = Hook::new(&h, "x".repeat(1024 * 1024 + 1)).to(&h).await;
    assert_eq!(large.status, 413);
}

/// Both environments of LEX are open, LIVE with this webhook secret.
fn live_harness(secret: &str) -> (Harness<Env>, Arc<FakeFunder>) {
    let live = [
        ("ALLOW_LIVE", "true"),
        ("LEX_LIVE_URL", "http://lex.test/live"),
        ("LEX_LIVE_SECRET", "lex-live"),
        ("LEX_LIVE_WEBHOOK_SECRET", "lex-live-webhook"),
    ];
    let (h, funder) = proposal_harness_with(&live);
    let members = json!({
        "LEX_APP_ID": "test-lex-app", "LEX_SHARED_SECRET": "test-lex-secret", "LEX_DEALER_ID_MAJOR": "test-major",
        "LEX_DEALER_ID_MINOR": "test-minor",
    });
    let secrets = &h.fakes.secrets;
    secrets.set("lex-live", &members);
    secrets.set("lex-live-webhook", &json!({"LEX_WEBHOOK_SECRET": secret}));
    (h, funder)
}

#[tokio::test(start_paused = true)]
async fn a_secret_decides_only_about_proposals_of_its_environment() {
    for (signer, secret) in SIGNERS {
        for environment in [Sandbox, Live] {
            let (h, funder) = live_harness(LEX_LIVE);
            let id = h.proposal_in("LEX", environment);
            h.submit(id).await;
            funder.decide(&id.to_string(), "ACCEPTED");
            let published = h.announced().len();
            let hook = Hook::new(&h, event(&id.to_string(), "APPROVED")).signed(secret);
            assert_eq!(hook.to(&h).await.status, 200);
            let sent = h.sent("events").remove(0).body;
            assert_eq!(
                sent,
                format!(r#"{{"funder":"LEX","environment":"{signer}","event":"evt_1"}}"#)
            );
            assert_eq!(h.deliver(APPLY, &sent).await, Some(true));
            let decided = h.proposal_row(id).status == ProposalStatus::Approved;
            assert_eq!(decided, signer == environment, "{signer} about {environment}");
            let effects = (h.announced().len() > published, !funder.asked().is_empty());
            assert_eq!(effects, (decided, decided), "{signer} about {environment}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_of_one_environment_hides_no_event_of_another() {
    let (h, funder) = live_harness(LEX_LIVE);
    let each = SIGNERS.map(|(environment, secret)| (h.proposal_in("LEX", environment), secret));
    for (id, _) in each {
        h.submit(id).await;
        funder.decide(&id.to_string(), "DECLINED");
    }
    for (id, secret) in each {
        let hook = Hook::new(&h, event(&id.to_string(), "DECLINED")).signed(secret);
        assert_eq!(hook.to(&h).await.status, 200);
    }
    for sent in h.sent("events") {
        assert_eq!(h.deliver(APPLY, &sent.body).await, Some(true));
    }
    assert!(
        each.iter()
            .all(|(id, _)| h.proposal_row(*id).status == ProposalStatus::Declined)
    );
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_used_takes_nothing_from_another_environment() {
    let (h, _) = live_harness(LEX_LIVE);
    h.fakes
        .secrets
        .set("lex-sandbox-webhook", &json!({"LEX_WEBHOOK_SECRET": "no secret"}));
    let hook = Hook::new(&h, event(ABSENT, "APPROVED"));
    assert_eq!(hook.to(&h).await.status, 503, "SANDBOX may have signed it");
    assert_eq!(hook.clone().signed(LEX_LIVE).to(&h).await.status, 200);
    // A secret that is not set up signs nothing.
    let (h, _) = live_harness(LEX_LIVE);
    h.fakes
        .secrets
        .set("lex-sandbox-webhook", &json!({"LEX_APP_ID": "test"}));
    assert_eq!(hook.to(&h).await.status, 401);
    assert_eq!(hook.signed(LEX_LIVE).to(&h).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_two_environments_share_or_of_a_closed_one_proves_nothing() {
    let (h, funder) = live_harness(LEX);
    let got = Hook::new(&h, event(ABSENT, "APPROVED")).to(&h).await;
    assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
    assert!(untouched(&h, &funder));
    let (h, funder) = proposal_harness_with(&[("LEX_LIVE_WEBHOOK_SECRET", "lex-live-webhook")]);
    h.fakes
        .secrets
        .set("lex-live-webhook", &json!({"LEX_WEBHOOK_SECRET": LEX_LIVE}));
    let closed = Hook::new(&h, event(ABSENT, "APPROVED")).signed(LEX_LIVE);
    assert_eq!(closed.to(&h).await.status, 401);
    assert!(untouched(&h, &funder));
}
