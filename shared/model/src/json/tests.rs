//! What is read, in which form it is kept, and in which words a fault is reported.

use jiff::tz::TimeZone;

use super::Type::{Bool, Decimal, Integer, List, ListOf, Object, ServerSet, Text};
use super::*;
use crate::error::{Kind, Result};

const CREATE: Schema = Schema {
    name: "createOrder",
    partial: false,
    members: ORDER,
};

const UPDATE: Schema = Schema {
    name: "updateOrder",
    partial: true,
    members: ORDER,
};

const ORDER: &[Member] = &[
    Member::new("contract", Integer).required(),
    Member::new("brand", Integer).required(),
    Member::new("shop", Integer).required(),
    Member::new("systemReference", Text),
    Member::new("startCheck", Bool).not_null(),
    Member::new("price", Object(PRICE)),
    Member::new("lines", List(LINE)),
    Member::new("fees", List(FEE)),
    Member::new("customer", Object(&[])),
    Member::new("sequence", ServerSet),
];

const PRICE: &[Member] = &[
    Member::new("deposit", Decimal),
    Member::new("months", Integer),
    Member::new("taxExempt", Bool).not_null(),
    Member::new("feeIsMannual", Bool).not_null().aliases(&["feeIsManual"]),
];

const LINE: ListItem = ListItem {
    members: &[Member::new("typeCode", Integer).required(), Member::new("value", Text)],
    one_of: &[],
};

const FEE: ListItem = ListItem {
    members: &[
        Member::new("typeCode", Integer).required(),
        Member::new("openCharge", Decimal),
        Member::new("amount", Decimal),
    ],
    one_of: &["openCharge", "amount"],
};

fn update(text: &str) -> Result<String> {
    Document::read(text.as_bytes(), &UPDATE)?.render()
}

/// Path and message of every fault.
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
    all.filter(|path| path != "updateOrder").collect()
}

#[test]
fn positions_count_bytes_and_carriage_returns() {
    let text = "{\r\n  \"price\": {\"note\": \"Grøn\", \"months\": \"six\"},\r\n  \"shop\": [1]\r\n}";
    let faults: Vec<_> = refused(text, &UPDATE).into_iter().map(|(_, message)| message).collect();
    assert_eq!(
        faults[0],
        "The JSON value could not be converted to System.Int64. Path: $.price.months | LineNumber: 1 | \
         BytePositionInLine: 44."
    );
    assert!(
        faults[1].ends_with("Path: $.shop | LineNumber: 2 | BytePositionInLine: 11."),
        "{}",
        faults[1]
    );
}

#[test]
fn names_are_known_in_any_casing_and_unknown_ones_keep_theirs() {
    for (given, kept) in [
        (r#"{"CONTRACT":1}"#, r#"{"contract":1}"#),
        (
            r#"{"Lines":[{"TYPECODE":1,"Value":"6"}]}"#,
            r#"{"lines":[{"typeCode":1,"value":"6"}]}"#,
        ),
        (
            r#"{"price":{"feeIsManual":true}}"#,
            r#"{"price":{"feeIsMannual":true}}"#,
        ),
        (
            r#"{"NewThing":{"B":1.50,"a":[null,{"X":1e2}]}}"#,
            r#"{"NewThing":{"B":1.50,"a":[null,{"X":1e2}]}}"#,
        ),
        ("{\"brand\":1,\"bran\u{17f}\":2}", "{\"brand\":1,\"bran\u{17f}\":2}"),
        ("{\"sy\u{17f}temReference\":\"x\"}", "{\"systemReference\":\"x\"}"),
        (r#"{"sequence":7,"shop":1}"#, r#"{"shop":1}"#),
    ] {
        assert_eq!(update(given).unwrap(), kept, "{given}");
    }
}

#[test]
fn two_spellings_of_one_member_are_refused_anywhere() {
    for (text, path) in [
        (r#"{"shop":1,"Shop":1}"#, "$.Shop"),
        (r#"{"x":{"y":[{"a":1,"A":1}]}}"#, "$.x.y[0].A"),
        (
            r#"{"lines":[{"typeCode":1,"value":"1","Value":"1"}]}"#,
            "$.lines[0].Value",
        ),
        (
            r#"{"price":{"feeIsManual":true,"feeIsMannual":true}}"#,
            "$.price.feeIsMannual",
        ),
        ("{\"startCheck\":true,\"\u{17f}tartCheck\":true}", "$.\u{17f}tartCheck"),
        ("{\"\u{212a}ey\":1,\"key\":1}", "$.key"),
    ] {
        assert_eq!(paths(text), [path], "{text}");
    }
}

#[test]
fn amounts_are_exact_and_never_floats() {
    let amount = |text: &str| update(&format!(r#"{{"price":{{"deposit":{text}}}}}"#)).ok();
    let kept = |text: &str| Some(format!(r#"{{"price":{{"deposit":{text}}}}}"#));
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
fn text_and_booleans_are_not_converted() {
    assert_eq!(paths(r#"{"lines":[{"typeCode":1,"value":6}]}"#), ["$.lines[0].value"]);
    assert_eq!(paths(r#"{"startCheck":"true"}"#), ["$.startCheck"]);
    assert_eq!(paths(r#"{"shop":808.5}"#), ["$.shop"]);
    assert_eq!(update(r#"{"shop":"808"}"#).unwrap(), r#"{"shop":808}"#);
}

#[test]
fn null_clears_only_nullable_members() {
    let text = r#"{"systemReference":null,"customer":null,"price":{"deposit":null}}"#;
    assert_eq!(update(text).unwrap(), text);
    assert_eq!(
        paths(r#"{"shop":null,"brand":null,"contract":null,"startCheck":null,"price":{"taxExempt":null}}"#),
        ["$.shop", "$.brand", "$.contract", "$.startCheck", "$.price.taxExempt"]
    );
}

#[test]
fn an_item_has_exactly_one_of_two_members() {
    let expense = |members: &str| format!(r#"{{"fees":[{{"typeCode":10001{members}}}]}}"#);
    assert!(update(&expense(r#","openCharge":5"#)).is_ok());
    assert!(update(&expense(r#","amount":5,"openCharge":null"#)).is_ok());
    for wrong in ["", r#","openCharge":5,"amount":5"#, r#","amount":null"#] {
        assert_eq!(paths(&expense(wrong)), ["$.fees[0]"], "{wrong}");
    }
}

#[test]
fn every_fault_is_reported_at_once() {
    let text = r#"{"shop":"x","lines":[{"value":"1"},7],"price":[],"a b":{"x":1,"X":2}}"#;
    let faults = refused(text, &CREATE);
    let paths: Vec<_> = faults.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "$.shop",
            "$.lines[0].typeCode",
            "$.lines[1]",
            "$.price",
            "$['a b'].X",
            "$.contract",
            "$.brand",
            "createOrder"
        ]
    );
    assert_eq!(faults[5].1, "The contract field is required.");
    let many = format!(r#"{{"lines":[{}{{}}]}}"#, "{},".repeat(5_000));
    assert_eq!(refused(&many, &UPDATE).len(), 200);
}

#[test]
fn a_quarter_of_a_megabyte_of_faults_is_read_fast() {
    let text = format!("{{\"lines\":[{}0]}}", "0,".repeat(128 * 1024 - 8));
    let began = std::time::Instant::now();
    let faults = refused(&text, &UPDATE);
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    assert_eq!((faults.len(), faults[199].0.as_str()), (201, "$.lines[199]"));
}

#[test]
fn faults_with_long_paths_are_reported_until_they_are_too_large() {
    let twice: Vec<_> = (0..1_000).map(|n| format!("\"k{n}\":1,\"K{n}\":1")).collect();
    let text = format!("{{\"{}\":{{{}}}}}", "x".repeat(100_000), twice.join(","));
    let faults = refused(&text, &UPDATE);
    assert_eq!(faults.len(), 2);
    assert!(faults[1].0.ends_with("x.K1"));
}

#[test]
fn broken_json_is_reported_with_its_position() {
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
fn a_flaw_is_found_where_it_is() {
    for (text, path, line, column) in [
        ("{\n  \"case\": {\"state\": oops}\n}", "$.case.state", 2, 21),
        ("{\"a b\":[{},{\"b\":1,\"b\":2}]}", "$['a b'][1]", 1, 21),
        ("{\"a\":1", "$", 1, 6),
        ("", "$", 1, 0),
    ] {
        let flaw = check(text.as_bytes()).unwrap_err();
        assert_eq!(
            (flaw.path.as_str(), flaw.line, flaw.column),
            (path, line, column),
            "{text}"
        );
    }
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
        // The first and the last moment of .NET, in any offset.
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+02:00", "0001-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00-02:00", "0001-01-01T02:00:00Z"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31T22:59:59.9999999Z"),
        ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"),
        ("9999-12-31T23:59:59.9999999+02:00", "9999-12-31T21:59:59.9999999Z"),
        ("9999-12-31T23:59:59.9999999-02:00", "9999-12-31T23:59:59.999999999Z"),
        ("2022-01-01T00:00:00+14:00", "2021-12-31T10:00:00Z"),
    ] {
        assert_eq!(
            instant(text, &copenhagen).map(|at| format!("{at}Z")).as_deref(),
            Some(is),
            "{text}"
        );
    }
    for text in [
        "",
        "0000-12-31T23:59:59",
        "2022-01-01T00:00:00+14:01",
        "2022-01-01T00:00:00+01:60",
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
    let mut order = Document::stored(r#"{"shop":1,"Note":{"a":1,"B":2},"list":[1,2],"gone":"x"}"#).unwrap();
    let changes = r#"{"note":{"b":{"c":null,"d":[null]},"A":null},"LIST":[{"x":null}],"gone":null,"new":{"y":null}}"#;
    order.merge(&Document::stored(changes).unwrap());
    assert_eq!(
        order.render().unwrap(),
        r#"{"shop":1,"Note":{"B":{"d":[null]}},"list":[{"x":null}],"new":{}}"#
    );
    assert_eq!(order.integer(&["shop"]), Some(1));
    assert!(order.get(&["note", "b", "d"]).is_some());
}

#[test]
fn a_whole_number_is_whole_however_it_is_written() {
    let number = |text: &str| read::number(text, &Integer);
    for (text, wanted) in [
        ("12", "12"),
        ("12.0", "12"),
        ("-4.00", "-4"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("1.2E1", "12"),
    ] {
        assert_eq!(number(text), Some(Value::Number(wanted.into())), "{text}");
    }
    for text in ["12.5", "1.", "1e-3", "1e16", "9999999999999999", "", "x", "12 "] {
        assert_eq!(number(text), None, "{text}");
    }
}

#[test]
fn many_members_are_merged_fast() {
    let all: Vec<_> = (0..30_000).map(|n| format!("\"{n:x}\":{n}")).collect();
    let text = format!("{{{}}}", all.join(","));
    let mut order = Document::read(text.as_bytes(), &UPDATE).unwrap();
    let began = std::time::Instant::now();
    order.merge(&order.clone());
    assert!(began.elapsed().as_secs() < 2, "{:?}", began.elapsed());
    assert_eq!(order.render().unwrap(), text);
}

#[test]
fn a_list_of_plain_values_is_read_one_by_one() {
    const CODES: Schema = Schema {
        name: "codes",
        partial: false,
        members: &[Member::new("codes", ListOf(&Integer)).required()],
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
