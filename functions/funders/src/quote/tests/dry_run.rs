//! `dryRun`: the exact requests that each funder would get, and no effect.

use runtime::testing::{Harness, TestResponse};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, harness, sample};

fn dry(body: String) -> String {
    body.replacen('{', r#"{"dryRun":true,"#, 1)
}

/// Requests without the correlation id, which differs every time and is checked here.
fn requests(got: &TestResponse) -> Vec<Value> {
    assert_eq!(got.status, 200, "{}", got.text);
    let data = got.data();
    assert_eq!(data["dryRun"], true);
    let mut requests = data["requests"].as_array().unwrap().clone();
    for request in &mut requests {
        let correlation = request["headers"].as_object_mut().unwrap().remove("x-correlation-id");
        assert_eq!(correlation.unwrap().as_str(), got.header("x-correlation-id"));
    }
    requests
}

/// A caller who sees everything.
fn agent() -> Harness<Env> {
    harness().as_person("ann", "ann@example.com", &["agent"])
}

fn assert_untouched(h: &Harness<Env>) {
    for table in ["funders", "log", "keys"] {
        assert!(h.fakes.store.table(table).is_empty(), "{table}");
    }
    assert!(h.paths().is_empty() && h.fakes.queue.sent().is_empty());
    assert!(h.fakes.bus.published().is_empty() && h.fakes.files.files().is_empty());
    assert_eq!(*h.fakes.secrets.reads.lock().unwrap(), 0, "no secret is even read");
}

#[tokio::test(start_paused = true)]
async fn lex_would_get_one_request() {
    let h = agent();
    let got = h.post(GENERATE, dry(sample("LEX"))).await;
    let mut requests = requests(&got);
    let id = requests[0]["body"]["financials"]["cust_reference"].take();
    assert!(id.as_str().unwrap().parse::<model::id::QuoteId>().is_ok());
    let request_id = requests[0]["headers"]
        .as_object_mut()
        .unwrap()
        .remove("x-lbg-request-id");
    assert_eq!(request_id.unwrap().as_str(), got.header("x-correlation-id"));
    let fixture = include_str!("../../../../../shared/partners/funders/fixtures/lex/quote.request.json");
    let mut body: Value = serde_json::from_str(fixture).unwrap();
    body["financials"]["cust_reference"] = Value::Null;
    assert_eq!(
        requests,
        [json!({
            "operation": "quote", "method": "POST", "path": "/quotes/calculate", "url": "http://lex.test/api/v1/quotes/calculate",
            "headers": {"accept": "application/json", "content-type": "application/json", "authorization": "[REDACTED]"},
            "body": body,
        })]
    );
    assert_eq!(
        got.data()["warnings"],
        json!(["balloonPayment has no meaning for contract hire; it was not sent"])
    );
    assert_untouched(&h);
}

#[tokio::test(start_paused = true)]
async fn alphabet_would_get_three() {
    let h = agent();
    let got = h.post(GENERATE, dry(sample("ALPHABET"))).await;
    let mut requests = requests(&got);
    let id = requests[2]["body"]["VehicleRequests"][0]["Id"].take();
    assert!(id.as_str().unwrap().parse::<model::id::QuoteId>().is_ok());
    let codes = json!([{"Type": "CapCarShortCode", "Value": "12345"}]);
    let vehicle = json!({
        "Type": "(from step 1)", "Status": "New", "OnTheRoadPrice": 38000.0, "Mileage": 0, "MileageUnit": "Miles",
        "Registration": {"DateRegisteredWithDvla": "2024-01-01", "CountryCode": "GB"}, "Codes": codes,
    });
    let sent = |operation: &str, path: &str, body: Value| {
        json!({
            "operation": operation, "method": "POST", "path": path, "url": format!("http://alphabet.test{path}"),
            "headers": {"accept": "application/json", "content-type": "application/json", "x-cw-apikey": "[REDACTED]"},
            "body": body,
        })
    };
    assert_eq!(
        requests,
        [
            sent("quote-vehicle", "/api/vehicle/details", json!({"Codes": codes})),
            sent(
                "quote-products",
                "/api/finance/defaults",
                json!({"PhysicalVehicle": vehicle})
            ),
            sent(
                "quote",
                "/api/finance/calculatefordisplay",
                json!({"VehicleRequests": [{
                    "Id": null, "PhysicalVehicle": vehicle,
                    "Parameters": {
                        "ProductKey": "(from step 2)", "Term": 36, "CashDeposit": 2500.0, "DepositType": "Amount",
                        "AnnualMileage": 12000, "AnnualMileageUnit": "Miles",
                    },
                }]})
            ),
        ]
    );
    assert_untouched(&h);
}

#[tokio::test(start_paused = true)]
async fn it_may_be_in_the_query_and_shows_no_secret() {
    let h = harness();
    for funder in model::partner::FUNDERS {
        let got = h.post(&format!("{GENERATE}?dryRun=true"), sample(funder)).await;
        assert_eq!(got.data()["dryRun"], true, "{}", got.text);
        for secret in [
            "test-lex",
            "test-major",
            "test-minor",
            "test-alphabet-key",
            "Bearer",
            "eyJ",
        ] {
            assert!(!got.text.contains(secret), "{secret}");
        }
    }
    assert_untouched(&h);
}

#[tokio::test(start_paused = true)]
async fn only_staff_and_agents_see_where_and_how_a_funder_is_called() {
    let h = harness().with(&[
        ("ALLOW_LIVE", "true"),
        ("LEX_LIVE_URL", "http://live.lex.test/api/v1"),
        ("LEX_LIVE_SECRET", "lex/live"),
    ]);
    let lex = sample("LEX");
    for body in [lex.replace("SANDBOX", "LIVE"), lex, sample("ALPHABET")] {
        let got = h.as_customer().post(GENERATE, dry(body.clone())).await;
        assert_eq!(got.status, 200, "{}", got.text);
        for hidden in [
            ".test",
            "http:",
            "x-cw-apikey",
            "authorization",
            "x-lbg-request-id",
            "headers",
        ] {
            assert!(!got.text.contains(hidden), "{hidden}: {}", got.text);
        }
        for request in got.data()["requests"].as_array().unwrap() {
            assert!(request["path"].as_str().unwrap().starts_with('/'));
            assert!(request["body"].is_object());
        }
        for role in ["staff", "agent", "admin"] {
            let caller = h.as_person("john", "john.doe@example.com", &[role]);
            let got = caller.post(GENERATE, dry(body.clone())).await;
            let request = &got.data()["requests"][0];
            let (url, path) = (request["url"].as_str().unwrap(), request["path"].as_str().unwrap());
            assert!(url.contains(".test/") && url.ends_with(path), "{role}: {}", got.text);
            assert!(request["headers"]["content-type"].is_string(), "{role}: {}", got.text);
        }
    }
    assert_untouched(&h);
}

#[tokio::test(start_paused = true)]
async fn it_is_refused_like_a_real_request() {
    let h = harness();
    let jane = h.as_person("jane", "jane@example.com", &[]);
    let anonymous = h.anonymous();
    for (caller, body, status) in [
        (&h, sample("ACME"), 422),
        (&h, sample("LEX").replace("SANDBOX", "LIVE"), 422),
        (&h, sample("LEX").replace("\"12345\"", "\"CAP1\""), 422),
        (&h, sample("ALPHABET").replace("\"12345\"", "\"CAP1\""), 422),
        (&jane, sample("ALPHABET"), 403),
        (&anonymous, sample("LEX"), 401),
    ] {
        let got = caller.post(GENERATE, dry(body)).await;
        assert_eq!(got.status, status, "{}", got.text);
    }
    assert_untouched(&h);
}
