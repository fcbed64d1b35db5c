//! The responses to a request for a quote, and what a request cannot do.

use runtime::testing::{Harness, Script};
use runtime::transport::Conclusion;
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, PRICED, SAMPLE, harness, harness_with, priced};
use model::quote::{Price, QuoteStatus};
use model::time::UtcTime;

fn status(id: &str) -> String {
    format!("/api/integration/quotes/{id}/status")
}

/// Every member of a price, as callers see it.
fn shown(price: &Price) -> impl Iterator<Item = (String, Value)> {
    let Value::Object(members) = serde_json::to_value(price).unwrap() else {
        panic!("a price is an object");
    };
    members.into_iter().map(|(name, value)| {
        let mut words = name.split('_');
        let first = words.next().unwrap().to_owned();
        let name = words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
        let value = match &value {
            Value::Object(money) => json!(money["minor"].as_f64().unwrap() / 100.0),
            Value::String(text) => match (text.parse::<f64>(), text.parse()) {
                (Ok(number), _) => number.into(),
                (_, Ok(instant)) => json!(UtcTime(instant)),
                _ => value,
            },
            _ => value,
        };
        (name, value)
    })
}

#[tokio::test(start_paused = true)]
async fn the_sample_is_priced() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let correlation = "0190d5a0-0000-7000-8000-00000000000a";
    let got = h.post(GENERATE, SAMPLE).header("x-correlation-id", correlation).await;
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!(got.header("x-correlation-id"), Some(correlation));
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert!(
        got.text
            .contains(r#""monthlyPayment":450.00,"totalAmount":16200.00,"totalAmountPayable":18700.00"#),
        "{}",
        got.text
    );
    let id = got.data()["id"].as_str().unwrap().to_owned();
    assert_eq!(got.location(), Some(status(&id)));
    let row = h.quote();
    let mut expected = json!({
        "success": true,
        "data": {
            "id": id, "funderName": "LEX", "environment": "SANDBOX", "status": "GENERATED",
            "requestedTerm": null, "proposalId": null, "failure": null,
            "customerDetails": null, "vehicleDetails": null, "contractDetails": null, "source": null,
            "warnings": ["balloonPayment has no meaning for contract hire; it was not sent"],
            "correlationId": correlation, "createdAt": "2024-12-30T10:20:00.000Z",
            "updatedAt": "2024-12-30T10:20:00.000Z",
        },
        "message": "Quote generated successfully with LEX",
    });
    for (member, value) in shown(row.price.as_ref().unwrap()) {
        expected["data"][member] = value;
    }
    assert_eq!(got.json(), expected);
    assert_eq!(
        (row.status, row.owner.as_str(), row.id.to_string()),
        (QuoteStatus::Generated, "john", id)
    );
    let log = h.log();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].operation.as_str(), log[0].retry_count, log[0].http_status),
        ("quote", 0, Some(200))
    );
    assert_eq!(log[0].conclusion, Some(Conclusion::QuoteGenerated));
    assert_eq!(log[0].correlation_id.to_string(), correlation);
}

#[tokio::test(start_paused = true)]
async fn the_funder_gets_our_credentials_and_the_quotes_id() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let got = h.post(GENERATE, SAMPLE).await;
    let (_, request) = &h.fakes.transport.seen()[0];
    assert_eq!(request.uri(), "http://lex.test/api/v1/quotes/calculate");
    let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(sent["financials"]["cust_reference"], got.data()["id"]);
    assert_eq!(
        request.headers()["x-lbg-request-id"],
        got.header("x-correlation-id").unwrap()
    );
    let token = request.headers()["authorization"]
        .to_str()
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap();
    let part = |n: usize| {
        use base64::Engine;
        let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD
            .decode(token.split('.').nth(n).unwrap())
            .unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()
    };
    assert_eq!(part(0), json!({"typ": "JWT", "alg": "HS256"}));
    let now = h.now().as_second();
    assert_eq!(
        part(1),
        json!({
            "sub": "test-lex-app", "lbg_major_dealerid": "test-major", "lbg_minor_dealerid": "test-minor",
            "iat": now - 30, "nbf": now - 30, "exp": now + 24 * 3600,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_is_used_until_near_its_end() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let generate = async || h.as_customer().post(GENERATE, SAMPLE).await;
    generate().await;
    tokio::time::advance(std::time::Duration::from_secs(23 * 3600 + 54 * 60)).await;
    generate().await;
    tokio::time::advance(std::time::Duration::from_secs(2 * 60)).await;
    generate().await;
    let seen = h.fakes.transport.seen().into_iter();
    let tokens: Vec<_> = seen
        .map(|(_, request)| request.headers()["authorization"].clone())
        .collect();
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(*h.fakes.secrets.reads.lock().unwrap(), 1, "the secret is fetched once");
}

#[tokio::test(start_paused = true)]
async fn without_a_good_token_every_request_is_refused_and_nothing_changes() {
    let h = harness();
    let callers = [
        h.anonymous(),
        h.as_bearer("Bearer "),
        h.as_bearer("Bearer a.b.c"),
        h.as_bearer("Basic am9objpkb2U="),
    ];
    for caller in callers {
        let got = caller.post(GENERATE, SAMPLE).key("k").await;
        assert_eq!((got.status, got.code().as_str()), (401, "unauthenticated"));
        assert_eq!(got.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
        let got = caller.get(&status("0190d5a0-0000-7000-8000-000000000001")).await;
        assert_eq!(got.status, 401);
    }
    assert_untouched(&h);
}

fn assert_untouched(h: &Harness<Env>) {
    for table in ["funders", "log", "keys"] {
        assert!(h.fakes.store.table(table).is_empty(), "{table}");
    }
    assert!(h.calls().is_empty() && h.fakes.queue.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_value_that_the_hub_refuses_is_named_at_once() {
    let body = SAMPLE
        .replace("\"LEX\"", "\"ACME\"")
        .replace("1985-06-20", "2099-01-01");
    let got = harness().post(GENERATE, body).await;
    let errors = got.json()["errors"].clone();
    let named = [&errors[0]["field"], &errors[1]["field"], &errors[2]];
    assert_eq!(
        named,
        [
            &json!("funderName"),
            &json!("customerDetails.dateOfBirth"),
            &Value::Null
        ],
        "{}",
        got.text
    );
}

#[tokio::test(start_paused = true)]
async fn numbers_and_nulls_of_other_writers_are_read() {
    let body = SAMPLE
        .replace("\"term\": 36", "\"term\": 3.6e1")
        .replace("\"mileage\": 0", "\"mileage\": null")
        .replace("38000", "38000.000");
    let h = harness();
    h.fakes.transport.script([], priced());
    let got = h.post(GENERATE, body).await;
    assert_eq!(got.status, 201, "{}", got.text);
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_named_in_the_response_and_nothing_changes() {
    let h = harness();
    let cases = [
        (
            SAMPLE.replace("\"LEX\"", "\"ACME\""),
            422,
            "funderName",
            "must be one of LEX, ALPHABET",
        ),
        (
            SAMPLE.replace("SANDBOX", "MOON"),
            422,
            "environment",
            "must be one of SANDBOX, LIVE",
        ),
        (
            SAMPLE.replace("SANDBOX", "LIVE"),
            422,
            "environment",
            "must be SANDBOX:",
        ),
        (
            SAMPLE.replace("38000", "-1"),
            422,
            "vehicleDetails.price",
            "more than zero",
        ),
        (SAMPLE.replace("38000", "\"x\""), 422, "vehicleDetails.price", "number"),
        (
            SAMPLE.replace("\"12345\"", "\"CAP12345\""),
            422,
            "vehicleDetails.capId",
            "whole number",
        ),
        ("{".into(), 400, "", ""),
        (SAMPLE.replacen('{', r#"{"funderName":"LEX","#, 1), 400, "", ""),
        (format!("{SAMPLE}{}", " ".repeat(1024 * 1024)), 413, "", ""),
    ];
    for (body, status, field, words) in cases {
        let got = h.post(GENERATE, body).await;
        assert_eq!(got.status, status, "{}", got.text);
        let problem = got.json();
        assert_eq!(
            (problem["success"].as_bool(), problem["status"].as_i64()),
            (Some(false), Some(status))
        );
        if !field.is_empty() {
            assert_eq!(got.field(), field);
            assert!(
                problem["errors"][0]["message"].as_str().unwrap().contains(words),
                "{problem}"
            );
        }
    }
    let got = h.post(GENERATE, SAMPLE).header("content-type", "text/plain").await;
    assert_eq!(got.status, 415);
    let got = h.post(GENERATE, SAMPLE).key(&"k".repeat(256)).await;
    assert_eq!(got.status, 400);
    assert_untouched(&h);
}

#[tokio::test(start_paused = true)]
async fn customers_quote_for_themselves_and_agents_for_any_customer() {
    let h = harness();
    h.fakes.transport.script([], priced());
    for (email, roles, status) in [
        ("jane@example.com", [].as_slice(), 403),
        ("", &[], 403),
        ("jane@example.com", &["staff"], 403),
        ("jane@example.com", &["admin"], 403),
        ("jane@example.com", &["Agent", "agents"], 403),
    ] {
        let got = h.as_person("jane", email, roles).post(GENERATE, SAMPLE).key("k").await;
        assert_eq!(got.status, status, "{email} {roles:?}");
    }
    assert_untouched(&h);
    for (email, roles) in [
        ("JOHN.DOE@EXAMPLE.COM", [].as_slice()),
        ("john.doe@example.com", &["staff"]),
        ("jane@example.com", &["agent"]),
        ("", &["agent", "staff"]),
    ] {
        let got = h.as_person("jane", email, roles).post(GENERATE, SAMPLE).await;
        assert_eq!(got.status, 201, "{email} {roles:?}");
    }
    assert_eq!(h.calls().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn an_agent_sees_what_it_made_and_gets_no_replay_without_the_role() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let (agent, former) = (
        h.as_person("agent", "agent@example.com", &["agent"]),
        h.as_person("agent", "agent@example.com", &["staff", "admin"]),
    );
    let made = agent.post(GENERATE, SAMPLE).key("k").await;
    assert_eq!((made.status, h.quote().owner.as_str()), (201, "agent"));
    let id = made.data()["id"].as_str().unwrap().to_owned();
    let johns = h.post(GENERATE, SAMPLE).await.data()["id"].as_str().unwrap().to_owned();
    assert_eq!(agent.get(&status(&id)).await.status, 200);
    assert_eq!(agent.get(&status(&johns)).await.status, 404);

    let before = (h.fakes.store.rows(), h.calls().len());
    assert_eq!(former.post(GENERATE, SAMPLE).key("k").await.status, 403);
    assert_eq!((h.fakes.store.rows(), h.calls().len()), before);
    let again = agent.post(GENERATE, SAMPLE).key("k").await;
    assert_eq!((again.status, &again.data()["id"]), (201, &made.data()["id"]));
}

#[tokio::test(start_paused = true)]
async fn another_callers_quote_looks_exactly_like_none() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let id = h.post(GENERATE, SAMPLE).await.data()["id"].as_str().unwrap().to_owned();
    assert_eq!(h.get(&status(&id)).await.data()["status"], "GENERATED");
    for caller in [h.as_staff(), h.as_admin()] {
        assert_eq!(caller.get(&status(&id)).await.status, 200);
    }
    let jane = h.as_person("jane", "jane@example.com", &[]);
    let theirs = jane.get(&status(&id)).await;
    for absent in ["0190d5a0-0000-7000-8000-000000000001", "nonsense", "%2e%2e", "' OR 1=1"] {
        let absent = jane.get(&status(&id)).path("quoteId", absent).await;
        assert_eq!((theirs.status, &theirs.text), (absent.status, &absent.text));
    }
    assert_eq!(theirs.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_price_ends() {
    let h = harness();
    h.fakes.transport.script([], priced());
    let id = h.post(GENERATE, SAMPLE).await.data()["id"].as_str().unwrap().to_owned();
    tokio::time::advance(std::time::Duration::from_secs(40 * 3600)).await;
    let got = h.as_customer().get(&status(&id)).await;
    assert_eq!(got.data()["status"], "EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn a_shorter_term_than_requested_is_shown_beside_it() {
    let h = harness();
    let shorter = PRICED.replace("\"term\": 36", "\"term\": 24");
    h.fakes.transport.script([], Script::answer(200, shorter));
    let data = h.post(GENERATE, SAMPLE).await.data();
    assert_eq!(
        (data["term"].as_u64(), data["requestedTerm"].as_u64()),
        (Some(24), Some(36))
    );
}

#[tokio::test(start_paused = true)]
async fn no_log_row_has_personal_data() {
    let h = harness();
    let leak = r#"{"errors":[{"code":"X","field":"John Doe","message":"john.doe@example.com born 1985-06-20"}]}"#;
    h.fakes.transport.script(
        [Script::answer(500, "<html>John Doe</html>"), Script::answer(503, leak)],
        priced(),
    );
    h.post(GENERATE, SAMPLE).await;
    let log: String = h
        .fakes
        .store
        .table("log")
        .iter()
        .map(|row| format!("{row:?}"))
        .collect();
    assert_eq!(h.log().len(), 3);
    for canary in [
        "John",
        "Doe",
        "john",
        "1985",
        "SW1A",
        "7700",
        "test-lex-secret",
        "Bearer",
    ] {
        assert!(!log.contains(canary), "{canary}");
    }
    assert!(log.contains("[REDACTED len="));
}

#[tokio::test(start_paused = true)]
async fn a_missing_setting_is_named_in_the_log_and_not_to_the_caller() {
    for missing in [
        "LEX_SANDBOX_URL",
        "LEX_SANDBOX_SECRET",
        "FUNDERS_TABLE",
        "JWT_PUBLIC_KEY",
    ] {
        let h = harness_with(&[(missing, "")]);
        h.fakes.transport.script([], priced());
        let got = h.post(GENERATE, SAMPLE).await;
        assert_eq!((got.status, got.code().as_str()), (500, "misconfigured"), "{missing}");
        assert!(!got.text.contains(missing) && got.json()["traceId"].is_string());
        assert!(h.calls().is_empty());
    }
    let h = harness();
    let whole = h.fakes.secrets.remove("lex-sandbox").unwrap();
    h.fakes.secrets.set("lex-sandbox", &json!({}));
    h.fakes.transport.script([], priced());
    assert_eq!(h.post(GENERATE, SAMPLE).await.status, 500);
    assert_eq!(h.quote().status, QuoteStatus::Failed);
    h.fakes
        .secrets
        .set("lex-sandbox", &serde_json::from_str(&whole).unwrap());
    assert_eq!(
        h.post(GENERATE, SAMPLE).await.status,
        201,
        "the same instance reads the secret again"
    );
}
