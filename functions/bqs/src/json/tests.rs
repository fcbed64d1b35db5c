//! What is read, in which form it is kept, and in which words it is refused.

use jiff::tz::TimeZone;
use model::Kind;

use super::*;
use crate::case::schema::{CREATE, UPDATE};

const PRIVATE: &str = include_str!("../../fixtures/case-private.json");
const COMPANY: &str = include_str!("../../fixtures/case-company.json");
const MESSAGE: &str = include_str!("../../fixtures/message.json");

/// As much of a message as the spec's example of a refusal needs.
const DATED: Schema = Schema {
    name: "createMessage",
    partial: false,
    members: &[Member::new("case", Is::Object(&[Member::new("creditApprovalDate", Is::Instant)])).required()],
};

fn update(text: &str) -> Result<String> {
    Document::read(text.as_bytes(), &UPDATE)?.render()
}

/// Path and message of everything that is wrong.
fn refused(text: &str, schema: &Schema) -> Vec<(String, String)> {
    let error = Document::read(text.as_bytes(), schema).unwrap_err();
    assert_eq!(error.kind.rule().status / 100, 4, "{error}");
    error
        .fields
        .into_iter()
        .map(|field| (field.path, field.message))
        .collect()
}

fn paths(text: &str) -> Vec<String> {
    let all = refused(text, &UPDATE).into_iter().map(|(path, _)| path);
    all.filter(|path| path != "updateCase").collect()
}

#[test]
fn the_samples_are_kept_member_for_member() {
    let same = |text: &str| -> serde_json::Value {
        serde_json::from_str(&Document::read(text.as_bytes(), &CREATE).unwrap().render().unwrap()).unwrap()
    };
    let sample: serde_json::Value = serde_json::from_str(&PRIVATE.replace(r#""100000""#, "100000")).unwrap();
    let money = |text: &str| {
        text.replace(r#""2600000""#, "2600000")
            .replace(r#""2100000""#, "2100000")
    };
    let sample: serde_json::Value = serde_json::from_str(&money(&sample.to_string())).unwrap();
    assert_eq!(same(PRIVATE), sample);
    let canonical = COMPANY
        .replace("moneyvalue", "moneyValue")
        .replace("\"Value\"", "\"value\"")
        .replace("OpenCharge", "openCharge");
    let sample: serde_json::Value = serde_json::from_str(&canonical).unwrap();
    assert_eq!(same(COMPANY), sample);
}

#[test]
fn the_spec_says_where_a_malformed_date_stands() {
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
fn positions_count_bytes_and_carriage_returns() {
    let text = "{\r\n  \"calculation\": {\"note\": \"Grøn\", \"duration\": \"six\"},\r\n  \"dealer\": [1]\r\n}";
    let said: Vec<_> = refused(text, &UPDATE).into_iter().map(|(_, message)| message).collect();
    assert_eq!(
        said[0],
        "The JSON value could not be converted to System.Int64. Path: $.calculation.duration | LineNumber: 1 | \
         BytePositionInLine: 52."
    );
    assert!(
        said[1].ends_with("Path: $.dealer | LineNumber: 2 | BytePositionInLine: 13."),
        "{}",
        said[1]
    );
}

#[test]
fn names_are_known_in_any_casing_and_unknown_ones_keep_theirs() {
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
            r#"{"NewThing":{"B":1.50,"a":[null,{"X":1e2}]}}"#,
            r#"{"NewThing":{"B":1.50,"a":[null,{"X":1e2}]}}"#,
        ),
        (
            "{\"brandCode\":1,\"bran\u{17f}\":2}",
            "{\"brandCode\":1,\"bran\u{17f}\":2}",
        ),
        (
            "{\"externalSy\u{17f}temReference\":\"x\"}",
            "{\"externalSystemReference\":\"x\"}",
        ),
        (r#"{"sequence":7,"dealer":1}"#, r#"{"dealer":1}"#),
    ] {
        assert_eq!(update(given).unwrap(), kept, "{given}");
    }
}

#[test]
fn two_spellings_of_one_member_are_refused_anywhere() {
    for (text, path) in [
        (r#"{"dealer":1,"Dealer":1}"#, "$.Dealer"),
        (r#"{"x":{"y":[{"a":1,"A":1}]}}"#, "$.x.y[0].A"),
        (
            r#"{"caseVariables":[{"typeCode":1,"value":"1","Value":"1"}]}"#,
            "$.caseVariables[0].Value",
        ),
        (
            r#"{"calculation":{"administrationFeeIsManual":true,"admininstrationFeeIsManual":true}}"#,
            "$.calculation.admininstrationFeeIsManual",
        ),
        (
            "{\"startScoring\":true,\"\u{17f}tartScoring\":true}",
            "$.\u{17f}tartScoring",
        ),
        ("{\"\u{212a}ey\":1,\"key\":1}", "$.key"),
    ] {
        assert_eq!(paths(text), [path], "{text}");
    }
}

#[test]
fn amounts_are_exact_and_never_floats() {
    let amount = |text: &str| update(&format!(r#"{{"calculation":{{"downPayment":{text}}}}}"#)).ok();
    let kept = |text: &str| Some(format!(r#"{{"calculation":{{"downPayment":{text}}}}}"#));
    for (given, written) in [
        ("0.10", "0.10"),
        (r#""0.10""#, "0.10"),
        (
            "999999999999999.12345678901234567890",
            "999999999999999.12345678901234567890",
        ),
        ("1e-300", "1e-300"),
        (r#""2600000""#, "2600000"),
        ("-1", "-1"),
        ("1e3", "1e3"),
    ] {
        assert_eq!(amount(given), kept(written), "{given}");
    }
    for refused in [
        "1e308",
        r#""""#,
        r#"" 1""#,
        r#""1 ""#,
        r#""+1""#,
        r#""01""#,
        r#"".5""#,
        r#""NaN""#,
        r#""1,5""#,
        "true",
        "[]",
        "{}",
        r#""{}""#,
        "1000000000000001",
    ] {
        assert_eq!(amount(refused), None, "{refused}");
    }
}

#[test]
fn a_value_is_text_and_a_flag_is_a_flag() {
    assert_eq!(
        paths(r#"{"caseVariables":[{"typeCode":1,"value":6}]}"#),
        ["$.caseVariables[0].value"]
    );
    assert_eq!(paths(r#"{"startScoring":"true"}"#), ["$.startScoring"]);
    assert_eq!(paths(r#"{"dealer":808.5}"#), ["$.dealer"]);
    assert_eq!(update(r#"{"dealer":"808"}"#).unwrap(), r#"{"dealer":808}"#);
}

#[test]
fn null_clears_only_what_may_be_empty() {
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
fn everything_that_is_wrong_is_said_at_once() {
    let text = r#"{"dealer":"x","caseVariables":[{"value":"1"},7],"calculation":[],"a b":{"x":1,"X":2}}"#;
    let said = refused(text, &CREATE);
    let paths: Vec<_> = said.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "$.dealer",
            "$.caseVariables[0].typeCode",
            "$.caseVariables[1]",
            "$.calculation",
            "$['a b'].X",
            "$.agreementCode",
            "$.brandCode",
            "createCase"
        ]
    );
    assert_eq!(said[5].1, "The agreementCode field is required.");
    let many = format!(r#"{{"caseVariables":[{}{{}}]}}"#, "{},".repeat(5_000));
    assert_eq!(refused(&many, &UPDATE).len(), 200);
}

#[test]
fn what_is_not_json_is_said_with_its_place() {
    assert_eq!(
        refused("{\"case\":\n {\"state\": oops}}", &UPDATE)[0],
        (
            "$.case.state".to_owned(),
            "The body is not JSON. Path: $.case.state | LineNumber: 1 | BytePositionInLine: 11.".to_owned()
        )
    );
    let error = Document::read(b"{\"a\":1,\"a\":1}", &UPDATE).unwrap_err();
    assert_eq!((error.kind, error.fields[0].path.as_str()), (Kind::Malformed, "$"));
    for text in ["", " ", "[]", "null", "7", "{", "{\"a\":\"\\ud800\"}", "\u{feff}{}"] {
        assert!(Document::read(text.as_bytes(), &UPDATE).is_err(), "{text}");
    }
    assert!(Document::read(b"{\"a\":\"\xff\"}", &UPDATE).is_err());
}

#[test]
fn dates_are_instants() {
    let copenhagen = TimeZone::fixed(jiff::tz::offset(1));
    for (text, is) in [
        ("2024-07-01T00:00:00Z", "2024-07-01T00:00:00Z"),
        ("2024-03-01T08:20:17.414Z", "2024-03-01T08:20:17.414Z"),
        ("2024-05-22T15:21:05.987296+02:00", "2024-05-22T13:21:05.987296Z"),
        (
            "2022-01-01T01:00:00.1234567890123456+01:00",
            "2022-01-01T00:00:00.123456789Z",
        ),
        ("2022-01-01T01:00", "2022-01-01T00:00:00Z"),
        ("2022-01-01T01:00:30.5", "2022-01-01T00:00:30.5Z"),
        ("2022-01-01", "2021-12-31T23:00:00Z"),
    ] {
        assert_eq!(
            instant(text, &copenhagen).map(|at| at.to_string()).as_deref(),
            Some(is),
            "{text}"
        );
    }
    for text in [
        "",
        "2022-13-01",
        "2022-02-30T00:00:00Z",
        "2022-01-01T25:00:00Z",
        "20220101",
        "2022-01-01 00:00:00Z",
        "01/02/2022",
        "2022-01-01T00:00:00z",
        "2022-01-01T00:00:00Z[Europe/Copenhagen]",
        "2022-01-01T00Z",
        "2022-01-01T00:00:00.Z",
        "2022-01-01T00:00:00+0100",
        "2022-01-01T00:00:00,5Z",
        "2022-01-01T00:00.5Z",
        " 2022-01-01",
        "-002022-01-01T00:00:00Z",
        "2022-01-01T00:00:00.12345678901234567Z",
        "ååååååååååå",
    ] {
        assert_eq!(instant(text, &copenhagen), None, "{text}");
    }
}

#[test]
fn a_merge_keeps_clears_merges_and_replaces() {
    let mut case = Document::stored(r#"{"dealer":1,"Note":{"a":1,"B":2},"list":[1,2],"gone":"x"}"#).unwrap();
    let changes = r#"{"note":{"b":{"c":null,"d":[null]},"A":null},"LIST":[{"x":null}],"gone":null,"new":{"y":null}}"#;
    case.merge(&Document::stored(changes).unwrap());
    assert_eq!(
        case.render().unwrap(),
        r#"{"dealer":1,"Note":{"B":{"d":[null]}},"list":[{"x":null}],"new":{}}"#
    );
    assert_eq!(case.integer(&["dealer"]), Some(1));
    assert!(case.get(&["note", "b", "d"]).is_some());
}

#[test]
fn a_whole_number_may_have_zeros_behind_its_point() {
    let number = |text: &str| super::read::number(text, &super::schema::Is::Integer);
    for (text, wanted) in [("12", "12"), ("12.0", "12"), ("-4.00", "-4"), ("-0.0", "0")] {
        assert_eq!(number(text), Some(super::Value::Number(wanted.into())), "{text}");
    }
    for text in ["12.5", "1.", "1e3", "9999999999999999", "", "x", "12 "] {
        assert_eq!(number(text), None, "{text}");
    }
}

#[test]
fn many_members_are_merged_in_no_time() {
    let all: Vec<_> = (0..30_000).map(|n| format!("\"{n:x}\":{n}")).collect();
    let text = format!("{{{}}}", all.join(","));
    let mut case = Document::read(text.as_bytes(), &UPDATE).unwrap();
    let began = tokio::time::Instant::now();
    case.merge(&case.clone());
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    assert_eq!(case.render().unwrap(), text);
}

#[test]
fn a_list_of_plain_values_is_read_one_by_one() {
    const CODES: Schema = Schema {
        name: "codes",
        partial: false,
        members: &[Member::new("codes", Is::Each(&Is::Integer)).required()],
    };
    let read = |text: &str| Document::read(text.as_bytes(), &CODES).and_then(|codes| codes.render());
    assert_eq!(read(r#"{"Codes": [3, "4", 3]}"#).unwrap(), r#"{"codes":[3,4,3]}"#);
    assert_eq!(read(r#"{"codes": []}"#).unwrap(), r#"{"codes":[]}"#);
    for (text, path) in [
        (r#"{"codes": 3}"#, "$.codes"),
        (r#"{"codes": null}"#, "$.codes"),
        (r#"{}"#, "$.codes"),
        (r#"{"codes": [3, null]}"#, "$.codes[1]"),
        (r#"{"codes": [3.5]}"#, "$.codes[0]"),
        (r#"{"codes": [[3]]}"#, "$.codes[0]"),
    ] {
        let paths: Vec<_> = refused(text, &CODES).into_iter().map(|(path, _)| path).collect();
        assert!(paths.contains(&path.to_owned()), "{text}: {paths:?}");
    }
}
