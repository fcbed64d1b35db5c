//! What callers get, and what nobody must be able to do.

use runtime::testing::Play;
use serde_json::json;

use super::house::{House, JOHN, SAMPLE, priced};
use model::quote::QuoteStatus;

#[tokio::test(start_paused = true)]
async fn the_sample_is_priced() {
    let house = House::new();
    house.world.stage.script([], priced());
    let got = house
        .quote(&[("x-correlation-id", "0190d5a0-0000-7000-8000-00000000000a")])
        .await;
    assert_eq!(got.status, 201, "{}", got.text);
    assert_eq!(
        got.header("x-correlation-id"),
        Some("0190d5a0-0000-7000-8000-00000000000a")
    );
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert!(
        got.text
            .contains(r#""monthlyPayment":450.00,"totalAmount":16200.00,"totalAmountPayable":18700.00"#),
        "{}",
        got.text
    );
    let id = got.json()["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        got.header("location"),
        Some(format!("/api/integration/quotes/{id}/status").as_str())
    );
    let mut seen = got.json();
    seen["data"]["id"] = json!("<id>");
    assert_eq!(
        seen,
        json!({
            "success": true,
            "data": {
                "id": "<id>", "funderName": "LEX", "environment": "SANDBOX", "status": "GENERATED",
                "monthlyPayment": 450.0, "totalAmount": 16200.0, "totalAmountPayable": 18700.0, "apr": 4.9,
                "balloonPayment": 8000.0, "term": 36, "externalQuoteId": "Q12345", "externalReference": "LEX-2024-001",
                "validUntil": "2024-12-31T23:59:59Z",
                "warnings": ["balloonPayment has no meaning for contract hire; it was not sent"],
                "createdAt": "2024-12-30T10:20:00Z", "updatedAt": "2024-12-30T10:20:00Z",
            },
            "message": "Quote generated successfully with LEX",
        })
    );
    let row = house.row();
    assert_eq!(
        (row.status, row.owner.as_str(), row.id.to_string()),
        (QuoteStatus::Generated, "john", id)
    );
    let log = house.log();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].operation.as_str(), log[0].retry_count, log[0].http_status),
        ("quote", 0, Some(200))
    );
    assert_eq!(
        log[0].correlation_id.to_string(),
        "0190d5a0-0000-7000-8000-00000000000a"
    );
}

#[tokio::test(start_paused = true)]
async fn the_funder_is_told_who_asks_and_for_what() {
    let house = House::new();
    house.world.stage.script([], priced());
    let got = house.quote(&[]).await;
    let (_, request) = &house.world.stage.seen()[0];
    assert_eq!(request.uri(), "http://lex.test/api/v1/quotes/calculate");
    let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(sent["financials"]["cust_reference"], got.json()["data"]["id"]);
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
    let now = house.now().as_second();
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
    let house = House::new();
    house.world.stage.script([], priced());
    async fn ask(house: &House) {
        house.quote_as(&house.token("john", JOHN, &[]), SAMPLE, &[]).await;
    }
    let tokens = || -> Vec<_> {
        house
            .world
            .stage
            .seen()
            .iter()
            .map(|(_, request)| request.headers()["authorization"].clone())
            .collect()
    };
    ask(&house).await;
    tokio::time::advance(std::time::Duration::from_secs(23 * 3600 + 54 * 60)).await;
    ask(&house).await;
    tokio::time::advance(std::time::Duration::from_secs(2 * 60)).await;
    ask(&house).await;
    let tokens = tokens();
    assert_eq!(tokens[0], tokens[1]);
    assert_ne!(tokens[1], tokens[2]);
    assert_eq!(*house.world.safe.asked.lock().unwrap(), 1, "the secret is fetched once");
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_in_without_a_good_token_and_nothing_changes() {
    let house = House::new();
    for token in ["", "Bearer ", "Bearer a.b.c", "Basic am9objpkb2U="] {
        let got = house.quote_as(token, SAMPLE, &[("idempotency-key", "k")]).await;
        assert_eq!((got.status, got.code().as_str()), (401, "unauthenticated"));
        assert_eq!(got.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
        assert_eq!(got.header("content-type"), Some("application/problem+json"));
        let got = house.status(token, "0190d5a0-0000-7000-8000-000000000001").await;
        assert_eq!(got.status, 401);
    }
    untouched(&house);
}

fn untouched(house: &House) {
    for table in ["quotes", "log", "keys"] {
        assert!(house.world.store.table(table).is_empty(), "{table}");
    }
    assert!(house.world.stage.seen().is_empty() && house.world.outbox.sent().is_empty());
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_told_what_is_wrong_and_nothing_changes() {
    let house = House::new();
    let john = house.token("john", JOHN, &[]);
    let cases = [
        (SAMPLE.replace("\"LEX\"", "\"ACME\""), 422, "funderName", "`LEX`"),
        (SAMPLE.replace("SANDBOX", "MOON"), 422, "environment", "`SANDBOX`"),
        (SAMPLE.replace("SANDBOX", "LIVE"), 422, "environment", "`SANDBOX`"),
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
        let got = house.quote_as(&john, &body, &[]).await;
        assert_eq!(got.status, status, "{}", got.text);
        let problem = got.json();
        assert_eq!(
            (problem["success"].as_bool(), problem["status"].as_i64()),
            (Some(false), Some(status))
        );
        if !field.is_empty() {
            assert_eq!(problem["errors"][0]["field"], field);
            assert!(
                problem["errors"][0]["message"].as_str().unwrap().contains(words),
                "{problem}"
            );
        }
    }
    let got = house.quote_as(&john, SAMPLE, &[("content-type", "text/plain")]).await;
    assert_eq!(got.status, 415);
    let got = house
        .quote_as(&john, SAMPLE, &[("idempotency-key", &"k".repeat(256))])
        .await;
    assert_eq!(got.status, 400);
    untouched(&house);
}

#[tokio::test(start_paused = true)]
async fn customers_quote_for_themselves_and_staff_for_anybody() {
    let house = House::new();
    house.world.stage.script([], priced());
    for (email, roles, status) in [
        ("jane@example.com", [].as_slice(), 403),
        ("", &[], 403),
        ("JOHN.DOE@EXAMPLE.COM", &[], 201),
        ("jane@example.com", &["staff"], 201),
        ("jane@example.com", &["admin"], 201),
    ] {
        let got = house.quote_as(&house.token("jane", email, roles), SAMPLE, &[]).await;
        assert_eq!(got.status, status, "{email} {roles:?}");
    }
    assert_eq!(house.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_quote_is_exactly_as_absent_as_none() {
    let house = House::new();
    house.world.stage.script([], priced());
    let id = house.quote(&[]).await.json()["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        house.status(&house.token("john", JOHN, &[]), &id).await.json()["data"]["status"],
        "GENERATED"
    );
    for roles in [["staff"], ["admin"]] {
        assert_eq!(
            house
                .status(&house.token("s", "s@example.com", &roles), &id)
                .await
                .status,
            200
        );
    }
    let jane = house.token("jane", "jane@example.com", &[]);
    let theirs = house.status(&jane, &id).await;
    for absent in ["0190d5a0-0000-7000-8000-000000000001", "nonsense", "%2e%2e", "' OR 1=1"] {
        let absent = house.status(&jane, absent).await;
        assert_eq!((theirs.status, &theirs.text), (absent.status, &absent.text));
    }
    assert_eq!(theirs.status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_price_ends() {
    let house = House::new();
    house.world.stage.script([], priced());
    let id = house.quote(&[]).await.json()["data"]["id"].as_str().unwrap().to_owned();
    tokio::time::advance(std::time::Duration::from_secs(40 * 3600)).await;
    let got = house.status(&house.token("john", JOHN, &[]), &id).await;
    assert_eq!(got.json()["data"]["status"], "EXPIRED");
}

#[tokio::test(start_paused = true)]
async fn a_shorter_term_than_asked_for_is_shown_beside_it() {
    let house = House::new();
    house.world.stage.script(
        [],
        Play::answer(200, super::house::PRICED.replace("\"term\": 36", "\"term\": 24")),
    );
    let data = house.quote(&[]).await.json()["data"].clone();
    assert_eq!(
        (data["term"].as_u64(), data["requestedTerm"].as_u64()),
        (Some(24), Some(36))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_personal_is_in_no_log_row() {
    let house = House::new();
    let leak = r#"{"errors":[{"code":"X","field":"John Doe","message":"john.doe@example.com born 1985-06-20"}]}"#;
    house.world.stage.script(
        [Play::answer(500, "<html>John Doe</html>"), Play::answer(503, leak)],
        priced(),
    );
    house.quote(&[]).await;
    let log: String = house
        .world
        .store
        .table("log")
        .iter()
        .map(|row| format!("{row:?}"))
        .collect();
    assert_eq!(house.log().len(), 3);
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
async fn what_is_not_configured_is_named_in_the_log_and_not_to_the_caller() {
    for missing in [
        "LEX_SANDBOX_URL",
        "LEX_SANDBOX_SECRET",
        "FUNDERS_TABLE",
        "JWT_PUBLIC_KEY",
    ] {
        let house = House::with(&[(missing, "")]);
        house.world.stage.script([], priced());
        let got = house.quote(&[]).await;
        assert_eq!((got.status, got.code().as_str()), (500, "misconfigured"), "{missing}");
        assert!(!got.text.contains(missing) && got.json()["traceId"].is_string());
        assert!(house.calls().is_empty());
    }
    let house = House::new();
    house
        .world
        .safe
        .secrets
        .lock()
        .unwrap()
        .insert("lex-sandbox".into(), "{}".into());
    assert_eq!(house.quote(&[]).await.status, 500);
    assert_eq!(house.row().status, QuoteStatus::Failed);
}
