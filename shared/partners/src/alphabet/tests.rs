//! The three steps against their fixtures: what is sent, where a conversation goes on, what is refused.

use model::quote::QuoteRequest;

use super::*;
use crate::sample::{answer, assert_sends, request, with};

const DETAILS: &str = include_str!("../../fixtures/alphabet/details.answer.json");
const DEFAULTS: &str = include_str!("../../fixtures/alphabet/defaults.answer.json");
const CALCULATED: &str = include_str!("../../fixtures/alphabet/calculate.answer.json");
const VEHICLE_REFUSED: &str = include_str!("../../fixtures/alphabet/details.refusal.json");
const UNAUTHORISED: &str = include_str!("../../fixtures/alphabet/unauthorised.json");

/// Each step: its path, its request, its answer.
const STEPS: [(&str, &str, &str); 3] = [
    (
        "/api/vehicle/details",
        include_str!("../../fixtures/alphabet/details.request.json"),
        DETAILS,
    ),
    (
        "/api/finance/defaults",
        include_str!("../../fixtures/alphabet/defaults.request.json"),
        DEFAULTS,
    ),
    (
        "/api/finance/calculatefordisplay",
        include_str!("../../fixtures/alphabet/calculate.request.json"),
        CALCULATED,
    ),
];

fn purchase() -> QuoteRequest {
    let mut request = request();
    request.contract_details.quote_type = QuoteType::PersonalContractPurchase;
    request
}

fn told(so_far: &Progress, status: u16, body: &str) -> Result<Step<Price>> {
    with(&purchase(), |ask| Alphabet.quoted(ask, so_far, &answer(status, body)))
}

/// The progress with which each of the steps begins.
fn progress() -> [Progress; 3] {
    let next = |so_far: &Progress, body| match told(so_far, 200, body) {
        Ok(Step::Next(progress)) => progress,
        other => panic!("{other:?}"),
    };
    let second = next(&Progress::default(), DETAILS);
    let third = next(&second, DEFAULTS);
    [Progress::default(), second, third]
}

#[test]
fn three_steps_lead_to_a_price() {
    for (so_far, (path, fixture, body)) in progress().iter().zip(STEPS) {
        let call = with(&purchase(), |ask| Alphabet.quote(ask, so_far)).unwrap();
        assert_sends(&call, fixture);
        assert_eq!(
            (call.request.method(), call.request.uri().path()),
            (&Method::POST, path)
        );
        assert!(call.repeatable);
        let done = matches!(told(so_far, 200, body), Ok(Step::Done(_)));
        assert_eq!(done, body == CALCULATED, "{path}");
    }
}

#[test]
fn a_conversation_goes_on_where_it_stopped() {
    for (kept, (path, ..)) in progress().iter().zip(STEPS) {
        // As the row has it.
        let row = serde_json::to_string(kept).unwrap();
        let so_far: Progress = serde_json::from_str(&row).unwrap();
        assert!(row.len() < 200, "{row}");
        let call = with(&purchase(), |ask| Alphabet.quote(ask, &so_far)).unwrap();
        assert_eq!(call.request.uri(), path);
        for status in [429, 500, 502] {
            assert!(told(&so_far, status, "").is_err(), "{path} {status}");
        }
    }
}

#[test]
fn each_step_can_be_rehearsed() {
    let rehearsal = Alphabet.rehearsal();
    assert_eq!(rehearsal.len(), STEPS.len());
    for (so_far, (path, ..)) in rehearsal.iter().zip(STEPS) {
        let call = with(&request(), |ask| Alphabet.quote(ask, so_far)).unwrap();
        assert_eq!(call.request.uri(), path);
    }
}

#[test]
fn a_used_vehicle_is_not_new_and_was_registered_in_its_year() {
    let mut request = purchase();
    (request.vehicle_details.mileage, request.vehicle_details.year) = (12_345, 2019);
    let so_far = &progress()[1];
    let call = with(&request, |ask| Alphabet.quote(ask, so_far)).unwrap();
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
    let mut keys: Vec<_> = Alphabet.quote_types().iter().map(|kind| product(*kind)).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["BCH", "FL", "HP", "PCH", "PCP"]);
}

#[test]
fn a_cap_id_that_alphabet_cannot_read_is_the_callers_mistake() {
    for cap_id in [None, Some("CAP12345"), Some(""), Some("-1"), Some("1.5")] {
        let mut request = request();
        request.vehicle_details.cap_id = cap_id.map(Into::into);
        let error = with(&request, |ask| Alphabet.quote(ask, &Progress::default())).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(error.fields[0].path, "vehicleDetails.capId");
    }
}

#[test]
fn an_unknown_vehicle_is_refused_whatever_the_status_says() {
    for status in [200, 400, 422] {
        let error = told(&Progress::default(), status, VEHICLE_REFUSED).unwrap_err();
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
        let error = told(&so_far, 200, VEHICLE_REFUSED).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected);
        for unreasoned in [
            r#"{"HasError":true}"#,
            r#"{"HasError":true,"Error":null}"#,
            r#"{"HasError":true,"Error":{"UserMessage":"Sorry."}}"#,
            r#"{"HasError":true,"Error":{"Code":""}}"#,
        ] {
            let error = told(&so_far, 200, unreasoned).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerBadResponse, "{unreasoned}");
        }
    }
}

#[test]
fn a_refused_key_is_ours_to_mend() {
    for so_far in progress() {
        for status in [401, 403] {
            let error = told(&so_far, status, UNAUTHORISED).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerAuth);
            assert_eq!(error.partner_code.as_deref(), Some("Unauthorised"));
            assert!(error.fields.is_empty(), "nothing the caller could change");
        }
    }
}

#[test]
fn a_product_that_is_not_offered_is_refused() {
    let [_, second, _] = progress();
    let failed = DEFAULTS.replace("\"HasError\": false", "\"HasError\": true");
    let other = DEFAULTS.replace("\"PCP\"", "\"PCH\"");
    for body in [r#"{"Products":[]}"#, &failed, &other] {
        let error = told(&second, 200, body).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerRejected, "{body}");
        assert_eq!(error.fields[0].path, "contractDetails.quoteType");
    }
    // One that failed may have no key.
    let keyless = DEFAULTS.replace(
        "\"Code\": \"NotOffered\" },\n      \"Key\": \"HP\"",
        "\"Code\": \"NotOffered\" }",
    );
    assert_ne!(keyless, DEFAULTS);
    assert!(matches!(told(&second, 200, &keyless), Ok(Step::Next(_))));
}

#[test]
fn a_success_that_cannot_be_used_is_no_step_forward() {
    let long = DETAILS.replace("\"Car\"", &format!("\"{}\"", "x".repeat(41)));
    let empty = DETAILS.replace("\"Car\"", "\"\"");
    let null = DETAILS.replace("\"Car\"", "null");
    let [first, second, third] = progress();
    let unusable = ["", "null", "[]", "{}", "<html></html>", r#"{"HasError":null}"#];
    for body in unusable.into_iter().chain([long.as_str(), &empty, &null]) {
        let error = told(&first, 200, body).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{body}");
    }
    for body in unusable {
        for so_far in [&second, &third] {
            let error = told(so_far, 200, body).unwrap_err();
            assert_eq!(error.kind, Kind::PartnerBadResponse, "{body}");
        }
    }
}
