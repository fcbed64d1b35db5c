//! `dryRun`: what each funder would be sent, exactly, and nothing else.

use serde_json::{Value, json};

use super::house::{Got, House, sample};
use crate::quote::generate;

async fn rehearse(house: &House, funder: &str) -> Got {
    let body = sample(funder).replacen('{', r#"{"dryRun":true,"#, 1);
    house.post(generate::generate, &house.john(), &[], "", &body).await
}

/// Requests without what differs every time, which is checked instead.
fn requests(got: &Got) -> Vec<Value> {
    assert_eq!(got.status, 200, "{}", got.text);
    let data = got.json()["data"].clone();
    assert_eq!(data["dryRun"], true);
    let mut requests = data["requests"].as_array().unwrap().clone();
    for request in &mut requests {
        let correlation = request["headers"].as_object_mut().unwrap().remove("x-correlation-id");
        assert_eq!(correlation.unwrap().as_str(), got.header("x-correlation-id"));
    }
    requests
}

fn untouched(house: &House) {
    for table in ["quotes", "log", "keys"] {
        assert!(house.world.store.table(table).is_empty(), "{table}");
    }
    assert!(house.world.stage.seen().is_empty() && house.world.outbox.sent().is_empty());
    assert!(house.world.loudspeaker.said().is_empty() && house.world.shelf.files().is_empty());
    assert_eq!(*house.world.safe.asked.lock().unwrap(), 0, "no secret is even read");
}

#[tokio::test(start_paused = true)]
async fn lex_would_be_sent_one_request() {
    let house = House::new();
    let got = rehearse(&house, "LEX").await;
    let mut requests = requests(&got);
    let id = requests[0]["body"]["financials"]["cust_reference"].take();
    assert!(id.as_str().unwrap().parse::<model::id::QuoteId>().is_ok());
    let told = requests[0]["headers"]
        .as_object_mut()
        .unwrap()
        .remove("x-lbg-request-id");
    assert_eq!(told.unwrap().as_str(), got.header("x-correlation-id"));
    let fixture = include_str!("../../../../../shared/partners/fixtures/lex/quote.request.json");
    let mut body: Value = serde_json::from_str(fixture).unwrap();
    body["financials"]["cust_reference"] = Value::Null;
    assert_eq!(
        requests,
        [json!({
            "operation": "quote", "method": "POST", "url": "http://lex.test/api/v1/quotes/calculate",
            "headers": {"accept": "application/json", "content-type": "application/json", "authorization": "[REDACTED]"},
            "body": body,
        })]
    );
    assert_eq!(
        got.json()["data"]["warnings"],
        json!(["balloonPayment has no meaning for contract hire; it was not sent"])
    );
    untouched(&house);
}

#[tokio::test(start_paused = true)]
async fn alphabet_would_be_sent_three() {
    let house = House::new();
    let got = rehearse(&house, "ALPHABET").await;
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
            "operation": operation, "method": "POST", "url": format!("http://alphabet.test{path}"),
            "headers": {"accept": "application/json", "content-type": "application/json", "x-cw-apikey": "[REDACTED]"},
            "body": body,
        })
    };
    assert_eq!(
        requests,
        [
            sent("vehicle-details", "/api/vehicle/details", json!({"Codes": codes})),
            sent(
                "finance-defaults",
                "/api/finance/defaults",
                json!({"PhysicalVehicle": vehicle})
            ),
            sent(
                "calculate",
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
    untouched(&house);
}

#[tokio::test(start_paused = true)]
async fn it_may_stand_in_the_query_and_shows_no_secret() {
    let house = House::new();
    for funder in partners::FUNDERS {
        let got = house
            .post(generate::generate, &house.john(), &[], "dryRun=true", &sample(funder))
            .await;
        assert_eq!(got.json()["data"]["dryRun"], true, "{}", got.text);
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
    untouched(&house);
}

#[tokio::test(start_paused = true)]
async fn it_is_refused_like_the_real_thing() {
    let house = House::new();
    let dry = |body: String| body.replacen('{', r#"{"dryRun":true,"#, 1);
    let john = house.john();
    let jane = house.token("jane", "jane@example.com", &[]);
    for (token, body, status) in [
        (john.as_str(), sample("ACME"), 422),
        (&john, sample("LEX").replace("SANDBOX", "LIVE"), 422),
        (&john, sample("LEX").replace("\"12345\"", "\"CAP1\""), 422),
        (&john, sample("ALPHABET").replace("\"12345\"", "\"CAP1\""), 422),
        (&jane, sample("ALPHABET"), 403),
        ("", sample("LEX"), 401),
    ] {
        let got = house.post(generate::generate, token, &[], "", &dry(body)).await;
        assert_eq!(got.status, status, "{}", got.text);
    }
    untouched(&house);
}
