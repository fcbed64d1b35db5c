//! The spec's samples of cases and of a refusal, read by the schemas.

use model::json::{Document, Member, Schema, Type};
use serde_json::Value;

use super::fixtures::{COMPANY, PRIVATE, json};
use crate::case::schema::{CREATE, UPDATE};

const MESSAGE: &str = include_str!("../../../fixtures/message.json");

/// As much of a message as the spec's example of a refusal needs.
const DATED: Schema = Schema {
    name: "createMessage",
    partial: false,
    members: &[Member::new(
        "case",
        Type::Object(&[Member::new("creditApprovalDate", Type::Instant)]),
    )
    .required()],
};

fn update(text: &str) -> model::Result<String> {
    Document::read(text.as_bytes(), &UPDATE)?.render()
}

/// Path and message of every fault.
fn refused(text: &str, schema: &Schema) -> Vec<(String, String)> {
    let error = Document::read(text.as_bytes(), schema).unwrap_err();
    let fields = error.fields.into_iter();
    fields.map(|field| (field.path, field.message)).collect()
}

fn paths(text: &str) -> Vec<String> {
    let all = refused(text, &UPDATE).into_iter().map(|(path, _)| path);
    all.filter(|path| path != "updateCase").collect()
}

#[test]
fn the_samples_are_kept_member_for_member() {
    let read = |text: &str| -> Value { json(&Document::read(text.as_bytes(), &CREATE).unwrap().render().unwrap()) };
    let money = |text: &str| {
        text.replace(r#""100000""#, "100000")
            .replace(r#""2600000""#, "2600000")
            .replace(r#""2100000""#, "2100000")
    };
    assert_eq!(read(PRIVATE), json(&money(PRIVATE)));
    let canonical = COMPANY
        .replace("moneyvalue", "moneyValue")
        .replace("\"Value\"", "\"value\"")
        .replace("OpenCharge", "openCharge");
    assert_eq!(read(COMPANY), json(&canonical));
}

#[test]
fn a_malformed_date_is_reported_as_in_the_spec() {
    let text = MESSAGE.replacen(
        "\"creditApprovalDate\": \"2022-01-01T00:00:00Z\"",
        "\"creditApprovalDate\": \"2022-13\"",
        1,
    );
    assert_ne!(text, MESSAGE);
    assert_eq!(
        refused(&text, &DATED),
        [
            (
                "$.case.creditApprovalDate".to_owned(),
                "The JSON value could not be converted to System.DateTime. Path: $.case.creditApprovalDate | \
                 LineNumber: 11 | BytePositionInLine: 31."
                    .to_owned()
            ),
            (
                "createMessage".to_owned(),
                "The createMessage field is required.".to_owned()
            ),
        ]
    );
}

#[test]
fn known_names_have_any_casing_and_the_specs_misspelling() {
    for (given, kept) in [
        (r#"{"AGREEMENTCODE":1}"#, r#"{"agreementCode":1}"#),
        (
            r#"{"CaseVariables":[{"TYPECODE":1,"Value":"6"}]}"#,
            r#"{"caseVariables":[{"typeCode":1,"value":"6"}]}"#,
        ),
        (
            r#"{"calculation":{"administrationFeeIsManual":true}}"#,
            r#"{"calculation":{"admininstrationFeeIsManual":true}}"#,
        ),
        (
            "{\"externalSy\u{17f}temReference\":\"x\"}",
            "{\"externalSystemReference\":\"x\"}",
        ),
        (r#"{"sequence":7,"dealer":1}"#, r#"{"dealer":1}"#),
        (r#"{"dealer":"808"}"#, r#"{"dealer":808}"#),
        (
            r#"{"calculation":{"downPayment":"2600000"}}"#,
            r#"{"calculation":{"downPayment":2600000}}"#,
        ),
    ] {
        assert_eq!(update(given).unwrap(), kept, "{given}");
    }
    let twice = r#"{"calculation":{"administrationFeeIsManual":true,"admininstrationFeeIsManual":true}}"#;
    assert_eq!(paths(twice), ["$.calculation.admininstrationFeeIsManual"]);
    assert_eq!(
        paths("{\"startScoring\":true,\"\u{17f}tartScoring\":true}"),
        ["$.\u{17f}tartScoring"]
    );
}

#[test]
fn null_clears_only_nullable_members() {
    let text = r#"{"externalSystemReference":null,"customer":null,"calculation":{"downPayment":null}}"#;
    assert_eq!(update(text).unwrap(), text);
    assert_eq!(
        paths(
            r#"{"dealer":null,"brandCode":null,"agreementCode":null,"startScoring":null,"caseObject":{"vatExempt":null}}"#
        ),
        [
            "$.dealer",
            "$.brandCode",
            "$.agreementCode",
            "$.startScoring",
            "$.caseObject.vatExempt"
        ]
    );
}

#[test]
fn an_expense_has_one_amount() {
    let expense = |members: &str| format!(r#"{{"caseObject":{{"expenses":[{{"typeCode":10001{members}}}]}}}}"#);
    assert!(update(&expense(r#","openCharge":5"#)).is_ok());
    assert!(update(&expense(r#","amount":5,"openCharge":null"#)).is_ok());
    for wrong in ["", r#","openCharge":5,"amount":5"#, r#","amount":null"#] {
        assert_eq!(paths(&expense(wrong)), ["$.caseObject.expenses[0]"], "{wrong}");
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let text = r#"{"dealer":"x","caseVariables":[{"value":"1"},{"typeCode":1,"value":6},7],"calculation":[]}"#;
    let faults = refused(text, &CREATE);
    let paths: Vec<_> = faults.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "$.dealer",
            "$.caseVariables[0].typeCode",
            "$.caseVariables[1].value",
            "$.caseVariables[2]",
            "$.calculation",
            "$.agreementCode",
            "$.brandCode",
            "createCase"
        ]
    );
    assert_eq!(faults[5].1, "The agreementCode field is required.");
}
