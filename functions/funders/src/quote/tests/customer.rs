//! The customer of a quote: names and addresses hide nothing, and the customer is 16 to 120 years old.

use runtime::testing::{Harness, TestResponse};
use serde_json::{Value, json};

use crate::Env;
use crate::testing::{FundersHarness, GENERATE, SAMPLE, harness, priced};

/// The sample with another value at this pointer.
fn with(pointer: &str, value: &str) -> Value {
    let mut request: Value = serde_json::from_str(SAMPLE).unwrap();
    *request.pointer_mut(pointer).unwrap() = json!(value);
    request
}

async fn born(h: &Harness<Env>, date: &str) -> TestResponse {
    h.fakes.transport.script([], priced());
    h.post(GENERATE, with("/customerDetails/dateOfBirth", date)).await
}

#[tokio::test(start_paused = true)]
async fn no_text_of_a_request_hides_a_character() {
    let h = harness();
    for path in [
        "customerDetails.firstName",
        "customerDetails.lastName",
        "customerDetails.phone",
        "customerDetails.address.line1",
        "customerDetails.address.line2",
        "customerDetails.address.city",
        "customerDetails.address.postcode",
        "customerDetails.address.country",
        "customerDetails.employment.employerName",
        "customerDetails.employment.jobTitle",
        "customerDetails.employment.employmentType",
        "vehicleDetails.make",
        "vehicleDetails.model",
        "vehicleDetails.variant",
        "vehicleDetails.fuelType",
        "vehicleDetails.transmission",
        "vehicleDetails.capId",
        "vehicleDetails.capCode",
        "source",
        "funderName",
    ] {
        for hidden in ["John\0Doe", "John\r\nDoe", "John\u{202e}Doe", "John\u{200d}Doe"] {
            let got = h
                .post(GENERATE, with(&format!("/{}", path.replace('.', "/")), hidden))
                .await;
            let wanted = (422, path);
            assert_eq!((got.status, got.field().as_str()), wanted, "{hidden:?}: {}", got.text);
        }
    }
    assert!(h.fakes.transport.seen().is_empty() && h.quotes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_birth_date_is_checked_on_the_day_of_the_request() {
    for (date, status) in [
        ("2099-01-01", 422),
        ("0001-01-01", 422),
        ("2008-12-31", 422),
        ("2008-12-30", 201),
        ("1903-12-31", 201),
        ("1903-12-30", 422),
        ("1985-06-20", 201),
    ] {
        // It is 30 December 2024.
        let h = harness();
        let got = born(&h, date).await;
        assert_eq!(got.status, status, "{date}: {}", got.text);
        if status == 422 {
            assert_eq!(got.field(), "customerDetails.dateOfBirth");
            assert!(h.fakes.transport.seen().is_empty() && h.quotes().is_empty(), "{date}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_checks_the_birth_date_too() {
    let h = harness();
    let mut request = with("/customerDetails/dateOfBirth", "2099-01-01");
    request["dryRun"] = true.into();
    let got = h.post(GENERATE, request).await;
    assert_eq!((got.status, got.field().as_str()), (422, "customerDetails.dateOfBirth"));
}
