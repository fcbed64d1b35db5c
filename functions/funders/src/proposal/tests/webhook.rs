//! Webhooks: who is believed, and what a message does.

use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use runtime::signature;
use serde_json::{Value, json};

use super::house::{Got, House, SECRETS, put};
use crate::event::apply::apply;
use crate::event::webhook::webhook;

const EVENT: &str = include_str!("../../../../../events/funders-webhook.json");

/// A message as its sender makes it.
#[derive(Clone)]
struct Hook {
    path: &'static str,
    /// Empty where the gateway gives none, as a function URL does.
    funder: &'static str,
    id: String,
    at: i64,
    body: String,
    signature: Option<String>,
}

impl Hook {
    fn new(house: &House, body: &Value) -> Self {
        let (id, at, body) = ("evt_1".to_owned(), house.now().as_second(), body.to_string());
        Self {
            path: "/webhooks/lex",
            funder: "lex",
            id,
            at,
            body,
            signature: None,
        }
        .signed(SECRETS[0].1)
    }

    fn signed(self, secret: &str) -> Self {
        let signature = signature::sign(secret, &self.id, self.at, self.body.as_bytes()).unwrap();
        Self {
            signature: Some(signature),
            ..self
        }
    }

    async fn sent(&self, house: &House) -> Got {
        let mut event: ApiGatewayV2httpRequest = serde_json::from_str(EVENT).unwrap();
        event.body = Some(self.body.clone());
        event.raw_path = Some(self.path.into());
        event.path_parameters.clear();
        if !self.funder.is_empty() {
            event.path_parameters.insert("funder".into(), self.funder.into());
        }
        event.headers.remove("webhook-signature");
        let at = self.at.to_string();
        let mut headers = vec![("webhook-id", self.id.as_str()), ("webhook-timestamp", &at)];
        headers.extend(
            self.signature
                .as_deref()
                .map(|signature| ("webhook-signature", signature)),
        );
        put(&mut event.headers, "", &headers);
        house.http(runtime::webhook("/webhooks/{funder}", webhook), event).await
    }
}

fn news(reference: &str, status: &str) -> Value {
    json!({"type": "proposal.updated", "timestamp": "2026-01-05T10:20:00Z",
        "data": {"reference": reference, "externalReference": "P1", "status": status, "reason": null}})
}

const NOBODY: &str = "0190d5a0-0000-7000-8000-000000000002";

fn untouched(house: &House) -> bool {
    house.world.store.table("funders").is_empty()
        && house.world.outbox.sent().is_empty()
        && house.bank.asked().is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_signed_message_is_taken_once() {
    let house = House::new();
    let hook = Hook::new(&house, &news(NOBODY, "APPROVED"));
    let got = hook.sent(&house).await;
    assert_eq!((got.status, got.text.as_str()), (200, "{}"));
    let sent = house.world.outbox.take();
    assert_eq!(
        (sent.len(), sent[0].url.as_str(), sent[0].body.as_str()),
        (1, "events", r#"{"funder":"LEX","event":"evt_1"}"#)
    );
    assert_eq!(
        house.deliver(apply, &sent[0].body, 1).await,
        Some(true),
        "of no proposal of ours"
    );
    let rows = house.world.store.table("funders");
    for _ in 0..3 {
        assert_eq!(hook.sent(&house).await.status, 200);
    }
    assert_eq!(
        (house.world.store.table("funders"), house.world.outbox.sent().len()),
        (rows, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_whose_worker_was_never_told_is_told_by_the_next() {
    let house = House::new();
    let id = house.proposal("LEX");
    house.submit(id).await;
    house.bank.decide(&id.to_string(), "ACCEPTED");
    let hook = Hook::new(&house, &news(&id.to_string(), "APPROVED"));
    for steps in 0.. {
        let died = tokio::time::timeout(std::time::Duration::from_secs(3), hook.sent(&house.dying(steps)))
            .await
            .is_err();
        if !died {
            break;
        }
    }
    assert_eq!(hook.sent(&house).await.status, 200);
    for sent in house.sent("events") {
        assert_eq!(house.deliver(apply, &sent.body, 2).await, Some(true));
    }
    assert_eq!(house.row(id).status, model::proposal::ProposalStatus::Approved);
    assert_eq!(house.said().last().unwrap().0, "proposal.approved");
    assert_eq!(house.said().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_believed_without_the_funders_signature() {
    let house = House::new();
    let good = Hook::new(&house, &news(NOBODY, "APPROVED"));
    let lex = SECRETS[0].1;
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
        good.clone().signed(SECRETS[1].1),
        later(-301).signed(lex),
        later(301).signed(lex),
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
        .signed(lex),
        Hook {
            body: good.body.replace("APPROVED", "DECLINED"),
            ..good.clone()
        },
        Hook {
            body: serde_json::to_string_pretty(&news(NOBODY, "APPROVED")).unwrap(),
            ..good.clone()
        },
        Hook {
            path: "/webhooks/alphabet",
            funder: "alphabet",
            ..good.clone()
        },
    ];
    for (number, hook) in forged.iter().enumerate() {
        let got = hook.sent(&house).await;
        assert_eq!(
            (got.status, got.code().as_str()),
            (401, "unauthenticated"),
            "number {number}"
        );
        assert!(untouched(&house), "number {number}");
    }
    assert_eq!(later(-299).signed(lex).sent(&house).await.status, 200);
    tokio::time::advance(std::time::Duration::from_secs(400)).await;
    assert_eq!(good.sent(&house).await.status, 401, "a replay");
}

#[tokio::test(start_paused = true)]
async fn without_a_secret_nothing_is_accepted() {
    let house = House::new();
    let hook = Hook::new(&house, &news(NOBODY, "APPROVED"));
    let secrets = json!({"LEX_APP_ID": "test"}).to_string();
    house
        .world
        .safe
        .secrets
        .lock()
        .unwrap()
        .insert("lex-sandbox".into(), secrets);
    let got = hook.sent(&house).await;
    assert_eq!((got.status, got.code().as_str()), (503, "unavailable"));
    assert!(untouched(&house));
}

#[tokio::test(start_paused = true)]
async fn an_address_is_exactly_a_funder() {
    let house = House::new();
    let good = Hook::new(&house, &news(NOBODY, "APPROVED"));
    for funder in ["LEX", "Lex", "nobody", "lex ", "..", "lex%2f"] {
        let got = Hook { funder, ..good.clone() }.sent(&house).await;
        assert_eq!((got.status, got.code().as_str()), (404, "not-found"), "{funder}");
    }
    for path in [
        "/webhooks/LEX",
        "/webhooks/",
        "/webhooks",
        "/webhooks/lex/more",
        "/",
        "/webhooks/nobody",
    ] {
        let got = Hook {
            funder: "",
            path,
            ..good.clone()
        }
        .sent(&house)
        .await;
        assert_eq!(got.status, 404, "{path}");
    }
    assert!(untouched(&house));
    assert_eq!(
        Hook { funder: "", ..good }.sent(&house).await.status,
        200,
        "a function URL"
    );
}

#[tokio::test(start_paused = true)]
async fn signed_nonsense_is_malformed_and_other_news_is_nothing() {
    let house = House::new();
    let signed = |body: &str| {
        let hook = Hook::new(&house, &Value::Null);
        Hook {
            body: body.to_owned(),
            ..hook
        }
        .signed(SECRETS[0].1)
    };
    let mut long = news(NOBODY, "APPROVED");
    long["data"]["externalReference"] = "P".repeat(101).into();
    let double = news(NOBODY, "APPROVED")
        .to_string()
        .replace(r#""status":"#, r#""status":"DECLINED","status":"#);
    for body in [
        "",
        "{",
        "[]",
        "{}",
        &news("x", "APPROVED").to_string(),
        &news(NOBODY, "FAILED").to_string(),
        &long.to_string(),
        &double,
    ] {
        let got = signed(body).sent(&house).await;
        assert_eq!((got.status, got.code().as_str()), (400, "malformed"), "{body}");
    }
    let other = signed(r#"{"type":"newsletter","timestamp":"2026-01-05T10:20:00Z","data":{}}"#)
        .sent(&house)
        .await;
    assert_eq!((other.status, other.text.as_str()), (204, ""));
    assert!(untouched(&house));
    let large = signed(&"x".repeat(1024 * 1024 + 1)).sent(&house).await;
    assert_eq!(large.status, 413);
}
