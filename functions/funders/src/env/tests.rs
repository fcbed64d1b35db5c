//! The environments that a stage opens, in every combination.

use http::Method;
use model::quote::Environment::{self, Live, Sandbox};
use runtime::Domain;
use runtime::http::signature;
use runtime::testing::Harness;
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{GENERATE, SAMPLE, WEBHOOK_SECRETS, harness_with, priced};

/// `ALLOW_SANDBOX`, `ALLOW_LIVE`, and what they open.
const STAGES: [(&str, &str, &[Environment]); 7] = [
    ("", "", &[Sandbox]),
    ("", "true", &[Sandbox, Live]),
    ("true", "false", &[Sandbox]),
    ("true", "true", &[Sandbox, Live]),
    ("false", "true", &[Live]),
    ("false", "false", &[]),
    ("false", "", &[]),
];
const LIVE_WEBHOOK_SECRET: &str = "whsec_bGl2ZS1sZXgtd2ViaG9vaw==";

fn stage(allow_sandbox: &str, allow_live: &str) -> Harness<Env> {
    let h = harness_with(&[
        ("ALLOW_SANDBOX", allow_sandbox),
        ("ALLOW_LIVE", allow_live),
        ("LEX_LIVE_URL", "http://live.lex.test/api/v1"),
        ("LEX_LIVE_SECRET", "lex-sandbox"),
        ("LEX_LIVE_WEBHOOK_SECRET", "lex-live-webhook"),
        ("ALPHABET_LIVE_URL", "http://live.alphabet.test"),
        ("ALPHABET_LIVE_SECRET", "alphabet-sandbox"),
    ]);
    let members = json!({"LEX_WEBHOOK_SECRET": LIVE_WEBHOOK_SECRET});
    h.fakes.secrets.set("lex-live-webhook", &members);
    h.fakes.transport.script([], priced());
    h
}

fn hosts(h: &Harness<Env>) -> Vec<String> {
    let seen = h.fakes.transport.seen().into_iter();
    seen.map(|(_, request)| request.uri().host().unwrap().to_owned())
        .collect()
}

fn names(open: &[Environment]) -> Vec<String> {
    open.iter().map(Environment::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_chooses_a_closed_environment_is_refused_and_no_funder_is_called() {
    for (allow_sandbox, allow_live, open) in STAGES {
        for (chosen, host) in [(Sandbox, "lex.test"), (Live, "live.lex.test")] {
            let h = stage(allow_sandbox, allow_live);
            let mut quote: Value = serde_json::from_str(SAMPLE).unwrap();
            quote["environment"] = json!(chosen);
            let body = json!({"environment": chosen}).to_string();
            for (got, status) in [
                (h.post(GENERATE, &quote).await, 201),
                (h.post(&format!("{GENERATE}?dryRun=true"), &quote).await, 200),
                (
                    h.as_admin()
                        .post("/api/integration/funders/x/test", &body)
                        .path("funderName", "LEX")
                        .await,
                    200,
                ),
            ] {
                if open.contains(&chosen) {
                    assert_eq!(got.status, status, "{}", got.text);
                    continue;
                }
                assert_eq!((got.status, got.field().as_str()), (422, "environment"), "{}", got.text);
                let message = got.json()["errors"][0]["message"].as_str().unwrap().to_owned();
                let expected = match open {
                    [other] => format!("must be {other}: this installation allows no other"),
                    _ => "is closed: this installation allows none".to_owned(),
                };
                assert_eq!(message, expected);
            }
            let called = if open.contains(&chosen) { vec![host; 2] } else { vec![] };
            assert_eq!(hosts(&h), called, "{chosen} with {open:?}");
        }
    }
}

/// The specification names it in every request, so that the hub chooses none.
#[tokio::test(start_paused = true)]
async fn a_request_that_names_no_environment_is_refused_whatever_is_open() {
    for (allow_sandbox, allow_live, _) in STAGES {
        let h = stage(allow_sandbox, allow_live);
        let mut quote: Value = serde_json::from_str(SAMPLE).unwrap();
        quote.as_object_mut().unwrap().remove("environment");
        let probe = h
            .as_admin()
            .post("/api/integration/funders/x/test", "{}")
            .path("funderName", "LEX")
            .await;
        for got in [h.post(GENERATE, &quote).await, probe] {
            assert_eq!(got.status, 422, "{}", got.text);
        }
        assert!(hosts(&h).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_opens_connections_to_what_is_open() {
    for (allow_sandbox, allow_live, open) in STAGES {
        let h = stage(allow_sandbox, allow_live);
        h.env().warm().await;
        let of_funder = |test: &'static str, live: &'static str| {
            let url = move |environment: &Environment| if *environment == Live { live } else { test };
            open.iter().map(url)
        };
        let mut expected: Vec<&str> = of_funder("http://lex.test/api/v1", "http://live.lex.test/api/v1")
            .chain(of_funder("http://alphabet.test", "http://live.alphabet.test"))
            .collect();
        let mut warmed = h.fakes.transport.warmed();
        expected.sort_unstable();
        warmed.sort();
        assert_eq!(warmed, expected, "{open:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_webhook_proves_something_where_its_environment_is_open() {
    let body = r#"{"type":"newsletter","timestamp":"2026-01-05T10:20:00Z","data":{}}"#;
    for (allow_sandbox, allow_live, open) in STAGES {
        for (signer, secret) in [(Sandbox, WEBHOOK_SECRETS[0].1), (Live, LIVE_WEBHOOK_SECRET)] {
            let h = stage(allow_sandbox, allow_live);
            let at = h.now().as_second();
            let hook = h
                .call("funders-webhook", &Method::POST, "/webhooks/lex")
                .without("authorization");
            let hook = hook.path("funder", "lex").header("webhook-id", "evt_1").body(body);
            let hook = hook.header("webhook-timestamp", &at.to_string());
            let signature = signature::sign(secret, "evt_1", at, body.as_bytes()).unwrap();
            let got = hook.header("webhook-signature", &signature).await;
            let expected = match open {
                [] => 503,
                _ if open.contains(&signer) => 204,
                _ => 401,
            };
            assert_eq!(got.status, expected, "{signer} with {open:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_list_of_funders_has_what_is_open() {
    for (allow_sandbox, allow_live, open) in STAGES {
        let listed = stage(allow_sandbox, allow_live).get("/api/funders").await.data();
        for funder in listed.as_array().unwrap() {
            let environments = funder["environments"].as_array().unwrap().iter();
            let shown: Vec<String> = environments
                .map(|each| each["name"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(shown, names(open));
        }
    }
}
