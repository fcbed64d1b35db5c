//! The funders: their list, and the test of a connection.

use std::time::Duration;

use runtime::testing::{Harness, Script, TestResponse, assert_faults_are_named};
use serde_json::{Value, json};

use crate::Env;
use crate::funder::test::FunderTest;
use crate::testing::{FundersHarness, GENERATE, good, harness, harness_with, sample};

const SANDBOX: &str = r#"{"environment":"SANDBOX"}"#;

async fn funders(h: &Harness<Env>) -> Value {
    let got = h.as_customer().get("/api/integration/funders").await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()
}

async fn probe(caller: &Harness<Env>, funder: &str, body: &str) -> TestResponse {
    let request = caller.post("/api/integration/funders/x/test", body);
    request.path("funderName", funder).await
}

#[tokio::test(start_paused = true)]
async fn the_list_has_every_funder_with_its_products() {
    let h = harness();
    let types = json!([
        "PERSONAL_CONTRACT_HIRE",
        "BUSINESS_CONTRACT_HIRE",
        "PERSONAL_CONTRACT_PURCHASE",
        "HIRE_PURCHASE",
        "FINANCE_LEASE",
    ]);
    let unknown = json!([{"name": "SANDBOX", "health": {"connectivity": "unknown", "calls": 0, "failures": 0, "lastSuccessAt": null}}]);
    let funder = |name: &str, words: &str| {
        json!({
            "name": name, "code": name, "displayName": words, "environments": unknown, "quoteTypes": types,
            "proposalTypes": types,
        })
    };
    let listed = funders(&h).await;
    assert_eq!(
        listed,
        json!({
            "success": true,
            "message": "Available funders",
            "data": [funder("LEX", "Lex Autolease"), funder("ALPHABET", "Alphabet")],
        })
    );
    assert_eq!(h.get("/api/funders").await.json(), listed);
    assert_eq!(h.anonymous().get("/api/integration/funders").await.status, 401);
    assert!(h.calls().is_empty(), "listing calls no funder");
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_listed_where_it_is_open() {
    let live = [
        ("ALLOW_LIVE", "true"),
        ("LEX_LIVE_URL", "http://live.lex.test"),
        ("LEX_LIVE_SECRET", "lex-live"),
        ("ALPHABET_SANDBOX_URL", ""),
    ];
    let listed = funders(&harness_with(&live)).await;
    let names = |n: usize| -> Vec<String> {
        let each = listed["data"][n]["environments"].as_array().unwrap().iter();
        each.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["SANDBOX".into(), "LIVE".into()], vec![]));
    let closed = funders(&harness_with(&live[1..3])).await;
    assert_eq!(closed["data"][0]["environments"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_variable_of_the_specification_goes_before_the_funders_setting() {
    let carried = json!({
        "API": {"MAX_RETRIES": "0"},
        "LEX": {"MAX_RETRIES": "", "SANDBOX": {"URL": "http://carried.test/api/v1", "SECRET": "lex-sandbox"}},
    });
    let carried = carried.to_string();
    let only = [
        ("FUNDERS", carried.as_str()),
        ("LEX_SANDBOX_URL", ""),
        ("LEX_SANDBOX_SECRET", ""),
    ];
    for (own, host, attempts) in [
        (&[][..], "carried.test", 1),
        (&[("API_MAX_RETRIES", "1")], "carried.test", 2),
        (&[("API_MAX_RETRIES", "1"), ("LEX_MAX_RETRIES", "2")], "carried.test", 3),
        (&[("LEX_SANDBOX_URL", "http://own.test/api/v1")], "own.test", 1),
    ] {
        let h = harness_with(&[&only[..], own].concat());
        h.fakes.transport.script([], Script::Unreachable);
        h.post(GENERATE, sample("LEX")).await;
        let seen = h.fakes.transport.seen();
        let hosts: Vec<_> = seen.iter().filter_map(|(_, request)| request.uri().host()).collect();
        assert_eq!(hosts, vec![host; attempts], "{own:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn health_comes_from_the_last_hours_calls() {
    let h = harness();
    let health = async || {
        let listed = funders(&h).await;
        [0, 1].map(|n| listed["data"][n]["environments"][0]["health"].clone())
    };
    h.fakes.transport.script([Script::answer(422, "{}")], good());
    for funder in model::partner::FUNDERS {
        h.post(GENERATE, sample(funder)).await;
    }
    let [lex, alphabet] = health().await;
    assert_eq!(
        (&lex["connectivity"], &lex["calls"], &lex["failures"]),
        (&json!("down"), &json!(1), &json!(1))
    );
    assert_eq!(
        (&alphabet["connectivity"], &alphabet["calls"]),
        (&json!("up"), &json!(3))
    );
    assert_eq!(alphabet["lastSuccessAt"], "2024-12-30T10:20:00.000Z");
    tokio::time::advance(Duration::from_secs(3601)).await;
    let [lex, alphabet] = health().await;
    assert_eq!(
        (&lex["connectivity"], &alphabet["connectivity"]),
        (&json!("unknown"), &json!("unknown"))
    );
    tokio::time::advance(Duration::from_secs(15)).await;
    h.fakes.store.set_down(true);
    assert_eq!(
        health().await[0]["connectivity"],
        "unknown",
        "a failing log hides no funder"
    );
}

#[tokio::test(start_paused = true)]
async fn a_test_names_the_cause_of_a_failure() {
    let late = Script::Late(Duration::from_secs(60), Box::new(good()));
    for (answer, reachable, authenticated, reason) in [
        (Script::answer(200, "{}"), true, true, Value::Null),
        (Script::answer(400, "{}"), true, true, Value::Null),
        (Script::answer(422, "{}"), true, true, Value::Null),
        (Script::answer(401, "{}"), true, false, json!("key")),
        (Script::answer(403, "{}"), true, false, json!("key")),
        (Script::answer(404, "<html>"), true, false, json!("url")),
        (Script::answer(302, ""), true, false, json!("url")),
        (Script::answer(500, ""), true, false, json!("funder")),
        (Script::answer(503, ""), true, false, json!("funder")),
        (Script::answer(429, ""), true, false, json!("funder")),
        (Script::Unreachable, false, false, json!("network")),
        (Script::Reset, false, false, json!("network")),
        (late, false, false, json!("network")),
    ] {
        for (funder, name) in [("LEX", "Lex Autolease"), ("ALPHABET", "Alphabet")] {
            let h = harness();
            h.fakes.transport.script([], answer.clone());
            let got = probe(&h.as_admin(), funder, SANDBOX).await;
            assert_eq!(got.status, 200, "{}", got.text);
            let result = got.data();
            assert_eq!(
                (&result["reachable"], &result["authenticated"], &result["reason"]),
                (&json!(reachable), &json!(authenticated), &reason),
                "{funder} {answer:?}"
            );
            assert_eq!(got.json()["message"], format!("{name} was tested"));
            let taken = h.started().elapsed();
            assert!(
                taken < Duration::from_secs(10)
                    && result["latencyMs"] == json!(u64::try_from(taken.as_millis()).unwrap())
            );
            let refused = reason == json!("key");
            assert_eq!(
                h.calls().len(),
                if refused { 2 } else { 1 },
                "refused credentials are fetched again once"
            );
            assert!(h.log().iter().all(|row| row.operation == "probe"));
            assert_eq!(h.log().len(), h.calls().len());
            assert!(h.quotes().is_empty() && h.fakes.queue.sent().is_empty());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_requests_nothing() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(422, "{}"));
    for funder in model::partner::FUNDERS {
        assert_eq!(probe(&h.as_admin(), funder, SANDBOX).await.status, 200);
    }
    let seen = h.fakes.transport.seen();
    let sent = seen
        .iter()
        .map(|(_, request)| (request.uri().to_string(), request.body().clone()));
    assert_eq!(
        sent.collect::<Vec<_>>(),
        [
            ("http://lex.test/api/v1/quotes/calculate".into(), "{}".into()),
            ("http://alphabet.test/api/finance/defaults".into(), "{}".into()),
        ]
    );
    assert_eq!(seen[1].1.headers()["x-cw-apikey"], "test-alphabet-key");
}

#[tokio::test(start_paused = true)]
async fn each_funder_is_tested_at_most_once_a_minute() {
    let h = harness();
    h.fakes.transport.script([], Script::Unreachable);
    let admin = h.as_admin();
    for funder in model::partner::FUNDERS {
        assert_eq!(probe(&admin, funder, SANDBOX).await.status, 200);
        let again = probe(&admin, funder, SANDBOX).await;
        assert_eq!((again.status, again.header("retry-after")), (429, Some("60")));
    }
    tokio::time::advance(Duration::from_secs(59)).await;
    let early = probe(&admin, "LEX", SANDBOX).await;
    assert_eq!(early.status, 429, "and a refused test does not prolong the wait");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(probe(&admin, "LEX", SANDBOX).await.status, 200);
    assert_eq!(h.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn only_admins_test_and_only_known_funders() {
    let h = harness();
    h.fakes.transport.script([], Script::answer(422, "{}"));
    for (caller, status) in [(h.as_staff(), 403), (h.as_customer(), 403), (h.anonymous(), 401)] {
        for funder in ["LEX", "ACME"] {
            assert_eq!(probe(&caller, funder, SANDBOX).await.status, status);
        }
    }
    let admin = h.as_admin();
    for (funder, body, status) in [
        ("ACME", SANDBOX, 404),
        ("lex", SANDBOX, 404),
        ("..", SANDBOX, 404),
        ("LEX", r#"{"environment":"LIVE"}"#, 422),
        ("LEX", r#"{"environment":"MOON"}"#, 422),
        ("LEX", "{}", 422),
        ("LEX", "", 422),
        ("LEX", "{", 400),
        ("LEX", r#"{"environment":"SANDBOX","funderName":"ALPHABET"}"#, 400),
    ] {
        let got = probe(&admin, funder, body).await;
        assert_eq!(got.status, status, "{funder} {body}: {}", got.text);
    }
    assert!(h.calls().is_empty() && h.fakes.store.table("funders").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_is_the_hubs_failure() {
    let h = harness();
    h.fakes.secrets.secrets.lock().unwrap().clear();
    let got = probe(&h.as_admin(), "ALPHABET", SANDBOX).await;
    assert_eq!((got.status, got.code().as_str()), (500, "misconfigured"));
    assert!(h.calls().is_empty());
}

#[test]
fn every_fault_of_a_test_is_named() {
    assert_faults_are_named::<FunderTest>(r#"{"environment":"SANDBOX"}"#, &[("funderName", "LEX")]);
}
