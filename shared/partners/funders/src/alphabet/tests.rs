//! What is special to a quote of Alphabet: three steps, the vehicle, the product, and `HasError` in a 200.

use call::testing::answer;
use model::Kind;
use model::quote::QuoteRequest;

use super::*;
use crate::sample::{context, request};

const DETAILS: &str = include_str!("../../fixtures/alphabet/quote-vehicle.answer.json");
const DEFAULTS: &str = include_str!("../../fixtures/alphabet/quote-products.answer.json");
const VEHICLE_REFUSED: &str = include_str!("../../fixtures/alphabet/quote-vehicle.refusal.json");
const UNAUTHORISED: &str = include_str!("../../fixtures/alphabet/unauthorised.json");

/// The path of each step.
const STEPS: [&str; 3] = [
    "/api/vehicle/details",
    "/api/finance/defaults",
    "/api/finance/calculatefordisplay",
];

fn purchase() -> QuoteRequest {
    let mut request = request();
    request.contract_details.quote_type = QuoteType::PersonalContractPurchase;
    request
}

fn quoted(so_far: &Progress, status: u16, body: &str) -> Result<Step<Price>> {
    Alphabet.quoted(&context(&purchase()), so_far, &answer(status, body))
}

/// The progress at the beginning of each step.
fn progress() -> [Progress; 3] {
    let next = |so_far: &Progress, body| match quoted(so_far, 200, body) {
        Ok(Step::Next(progress)) => progress,
        other => panic!("{other:?}"),
    };
    let second = next(&Progress::default(), DETAILS);
    let third = next(&second, DEFAULTS);
    [Progress::default(), second, third]
}

#[test]
fn a_quote_continues_at_the_step_of_its_row() {
    for (kept, path) in progress().iter().zip(STEPS) {
        let row = serde_json::to_string(kept).unwrap();
        let so_far: Progress = serde_json::from_str(&row).unwrap();
        assert!(row.len() < 200, "{row}");
        let call = Alphabet.quote(&context(&purchase()), &so_far).unwrap();
        assert_eq!(call.request.uri(), path);
        for status in [429, 500, 502] {
            assert!(quoted(&so_far, status, "").is_err(), "{path} {status}");
        }
    }
}

#[test]
fn a_used_vehicle_is_not_new_and_was_registered_in_its_year() {
    let mut request = purchase();
    (request.vehicle_details.mileage, request.vehicle_details.year) = (12_345, 2019);
    let so_far = &progress()[1];
    let call = Alphabet.quote(&context(&request), so_far).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(call.request.body()).unwrap();
    let vehicle = &sent["PhysicalVehicle"];
    assert_eq!(
        (&vehicle["Status"], &vehicle["Mileage"]),
        (&"PreOwned".into(), &12_345.into())
    );
    assert_eq!(vehicle["Registration"]["DateRegisteredWithDvla"], "2019-01-01");
}

#[test]
fn every_type_it_declares_has_a_product_of_its_own() {
    let mut keys: Vec<_> = Alphabet.quote_types().iter().map(|kind| product::key(*kind)).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["BCH", "FL", "HP", "PCH", "PCP"]);
}

#[test]
fn a_cap_id_that_alphabet_cannot_read_is_the_callers_mistake() {
    for cap_id in [None, Some("CAP12345"), Some(""), Some("-1"), Some("1.5")] {
        let mut request = request();
        request.vehicle_details.cap_id = cap_id.map(Into::into);
        let error = Alphabet.quote(&context(&request), &Progress::default()).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(error.fields[0].path, "vehicleDetails.capId");
    }
}

#[test]
fn an_unknown_vehicle_is_refused_whatever_the_status_says() {
    for status in [200, 400, 422] {
        let error = quoted(&Progress::default(), status, VEHICLE_REFUSED).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected, "{status}");
        assert_eq!(error.partner_code.as_deref(), Some("VehicleNotFound"));
        assert_eq!(error.fields.len(), 1);
        assert_eq!(error.fields[0].path, "vehicleDetails.capId");
        assert_eq!(error.fields[0].message, "We do not know this vehicle.");
    }
}

#[test]
fn has_error_at_the_root_of_a_200_ends_every_step() {
    for so_far in progress() {
        let error = quoted(&so_far, 200, VEHICLE_REFUSED).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected);
        for unreasoned in [
            r#"{"HasError":true}"#,
            r#"{"HasError":true,"Error":null}"#,
            r#"{"HasError":true,"Error":{"UserMessage":"Sorry."}}"#,
            r#"{"HasError":true,"Error":{"Code":""}}"#,
        ] {
            let error = quoted(&so_far, 200, unreasoned).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerBadResponse, "{unreasoned}");
        }
    }
}

#[test]
fn a_refused_key_has_alphabets_code() {
    for so_far in progress() {
        for status in [401, 403] {
            let error = quoted(&so_far, status, UNAUTHORISED).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerAuth);
            assert_eq!(error.partner_code.as_deref(), Some("Unauthorised"));
            assert!(error.fields.is_empty(), "nothing the caller could change");
        }
    }
}

#[test]
fn a_product_that_alphabet_does_not_offer_is_refused() {
    let [_, second, _] = progress();
    let failed = DEFAULTS.replace("\"HasError\": false", "\"HasError\": true");
    let other = DEFAULTS.replace("\"PCP\"", "\"PCH\"");
    for body in [r#"{"Products":[]}"#, &failed, &other] {
        let error = quoted(&second, 200, body).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected, "{body}");
        assert_eq!(error.fields[0].path, "contractDetails.quoteType");
    }
    // A product that failed may have no key.
    let keyless = DEFAULTS.replace(
        "\"Code\": \"NotOffered\" },\n      \"Key\": \"HP\"",
        "\"Code\": \"NotOffered\" }",
    );
    assert_ne!(keyless, DEFAULTS);
    assert!(matches!(quoted(&second, 200, &keyless), Ok(Step::Next(_))));
}

#[test]
fn an_unusable_success_is_no_step_forward() {
    let long = DETAILS.replace("\"Car\"", &format!("\"{}\"", "x".repeat(41)));
    let empty = DETAILS.replace("\"Car\"", "\"\"");
    let null = DETAILS.replace("\"Car\"", "null");
    let [first, second, third] = progress();
    let unusable = ["", "null", "[]", "{}", "<html></html>", r#"{"HasError":null}"#];
    for body in unusable.into_iter().chain([long.as_str(), &empty, &null]) {
        let error = quoted(&first, 200, body).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{body}");
    }
    for body in unusable {
        for so_far in [&second, &third] {
            let error = quoted(so_far, 200, body).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerBadResponse, "{body}");
        }
    }
}
