//! What a type takes, and how faults are reported.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::*;
use crate::email::Email;
use crate::money::{Number, Pounds};

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Sheet {
    count: u32,
    name: String,
    email: Email,
    #[serde(alias = "the_kind")]
    kind: Kind,
    inner: Inner,
    #[serde(default)]
    flag: bool,
    #[serde(default)]
    small: i8,
    born: Option<Date>,
    at: Option<Timestamp>,
    price: Option<Pounds>,
    apr: Option<Number>,
    #[serde(default)]
    list: Vec<Inner>,
    #[serde(default)]
    numbers: BTreeMap<String, u8>,
    #[serde(default, deserialize_with = "texts")]
    texts: BTreeMap<String, String>,
    any: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    One,
    Two,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Inner {
    first: u64,
    second: Email,
}

const GOOD: &str = r#"{"count":36,"name":"n","email":"a@b.co","kind":"TWO","inner":{"first":1,"second":"c@d.co"}}"#;

fn members(text: &str) -> GivenMembers<'_> {
    let members: BTreeMap<std::borrow::Cow<str>, &RawValue> = serde_json::from_str(text).unwrap();
    members
        .into_iter()
        .map(|(name, raw)| (name, Given::Json(raw)))
        .collect()
}

fn sheet(text: &str) -> Result<Sheet, Faults> {
    read_members(&members(text), &|_| Vec::new())
}

fn faults(text: &str) -> Vec<(String, String)> {
    let faults = sheet(text).unwrap_err();
    let each = faults.shape.into_iter().chain(faults.values);
    let mut each: Vec<_> = each.map(|fault| (fault.path, fault.message)).collect();
    each.sort();
    each
}

/// The sample with more members.
fn with(more: &str) -> String {
    GOOD.replacen('{', &format!("{{{more},"), 1)
}

fn without(name: &str, more: &str) -> String {
    let mut sample: serde_json::Map<String, serde_json::Value> = serde_json::from_str(GOOD).unwrap();
    sample.remove(name).unwrap();
    let text = serde_json::to_string(&sample).unwrap();
    text.replacen('{', &format!("{{{more}{}", if more.is_empty() { "" } else { "," }), 1)
}

fn named(faults: &[(String, String)]) -> Vec<(&str, &str)> {
    faults
        .iter()
        .map(|(path, message)| (path.as_str(), message.as_str()))
        .collect()
}

#[test]
fn a_good_document_is_read() {
    let sheet = sheet(&with(
        r#""born":"1985-06-20","at":"2026-01-31T00:00:00Z","price":1.10,"apr":4.9,"flag":true,"small":-3.0,
           "list":[{"first":1,"second":"e@f.co"}],"numbers":{"a":2.55e2},"texts":{"a":"b\n"},"any":[null,{"x":1.5}],"unknown":[{}]"#,
    ));
    let sheet = sheet.unwrap();
    assert_eq!((sheet.count, sheet.small, sheet.flag), (36, -3, true));
    assert_eq!(sheet.price.unwrap().0.minor, 110);
    assert_eq!(sheet.apr.unwrap().0, Decimal::new(49, 1));
    assert_eq!((sheet.numbers["a"], sheet.texts["a"].as_str()), (255, "b\n"));
    assert_eq!(sheet.any.unwrap().to_string(), r#"[null,{"x":1.5}]"#);
}

#[test]
fn a_whole_number_is_whole_however_it_is_written() {
    for text in ["36.0", "3.6e1", "3600E-2", "36.00000000000000000000000000000000000000"] {
        assert_eq!(sheet(&GOOD.replace("36", text)).unwrap().count, 36, "{text}");
    }
    for (why, texts) in [
        ("must be a whole number", vec!["36.5", "\"36\"", "true", "[36]", "{}"]),
        ("must be a smaller number", vec!["4294967296", "1e30"]),
        ("must not be negative", vec!["-1"]),
    ] {
        for text in texts {
            let faults = faults(&GOOD.replace("36", text));
            assert_eq!(named(&faults), [("count", why)], "{text}");
        }
    }
}

#[test]
fn an_array_is_no_object() {
    let list = r#"[1,"c@d.co"]"#;
    let inner = r#"{"first":1,"second":"c@d.co"}"#;
    assert_eq!(
        named(&faults(&GOOD.replace(inner, list))),
        [("inner", "must be an object")]
    );
    assert_eq!(
        named(&faults(&with(&format!("\"list\":[{inner},{list}]")))),
        [("list[1]", "must be an object")]
    );
    assert_eq!(
        named(&faults(&with("\"texts\":[],\"numbers\":[]"))),
        [("numbers", "must be an object"), ("texts", "must be an object")]
    );
    assert_eq!(
        named(&faults(&GOOD.replace("\"TWO\"", "{\"TWO\":null}"))),
        [("kind", "must be one of ONE, TWO")]
    );
    let raw = serde_json::from_str::<&RawValue>(list).unwrap();
    assert_eq!(read_value::<Inner>(raw).unwrap_err().message, "must be an object");
    assert_eq!(
        read_value::<Vec<Inner>>(serde_json::from_str("[[1,\"c@d.co\"]]").unwrap())
            .unwrap_err()
            .path,
        "[0]"
    );
}

#[test]
fn null_is_absent_where_a_member_may_be() {
    let all = "\"flag\":null,\"small\":null,\"born\":null,\"at\":null,\"price\":null,\"apr\":null,\"list\":null,\"numbers\":null,\"texts\":null,\"any\":null";
    assert_eq!(sheet(&with(all)).unwrap(), sheet(GOOD).unwrap());
    assert!(sheet(&with("\"texts\":{\"a\":null}")).unwrap().texts.is_empty());
    for name in ["count", "name", "email", "kind", "inner"] {
        assert_eq!(
            named(&faults(&without(name, &format!("\"{name}\":null")))),
            [(name, "is missing")]
        );
        assert_eq!(named(&faults(&without(name, ""))), [(name, "is missing")]);
    }
    assert_eq!(
        named(&faults(&with("\"list\":[null],\"numbers\":{\"a\":null}"))),
        [
            ("list[0]", "must be an object"),
            ("numbers.a", "must be a whole number"),
        ]
    );
    assert_eq!(sheet(&without("kind", "\"the_kind\":\"ONE\"")).unwrap().kind, Kind::One);
}

#[test]
fn all_faults_are_reported_at_once() {
    let bad = r#"{"count":"x","email":"x","inner":{"second":7},"flag":1,"born":"20/06/1985","at":"noon","price":0.001,"apr":"x",
        "list":[{},{"first":-1,"second":"x"},3],"numbers":{"a":256,"b":1,"c":"x"},"texts":{"a":1},"small":128}"#;
    assert_eq!(
        named(&faults(bad)),
        [
            ("apr", "must be a number"),
            (
                "at",
                "must be a date and time with an offset, such as 2026-01-31T09:30:00Z"
            ),
            ("born", "must be a date, such as 2026-01-31"),
            ("count", "must be a whole number"),
            ("email", "must be an e-mail address"),
            ("flag", "must be true or false"),
            ("inner.first", "is missing"),
            ("inner.second", "must be text"),
            ("kind", "is missing"),
            ("list[0].first", "is missing"),
            ("list[0].second", "is missing"),
            ("list[1].first", "must not be negative"),
            ("list[1].second", "must be an e-mail address"),
            ("list[2]", "must be an object"),
            ("name", "is missing"),
            ("numbers.a", "must be a smaller number"),
            ("numbers.c", "must be a whole number"),
            ("price", "must be an amount of money with at most two decimals"),
            ("small", "must be a smaller number"),
            ("texts.a", "must be text"),
        ]
    );
    let paths: Vec<_> = faults("{}").into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["count", "email", "inner", "kind", "name"]);
}

#[test]
fn a_check_sees_what_is_given_beside_the_faults() {
    let check = |sheet: &Sheet| {
        let fault = |path: &str| Field {
            path: path.to_owned(),
            message: "is refused".to_owned(),
        };
        let short = sheet.name.len() < 2;
        ["name", "count", "inner.first", "list"]
            .into_iter()
            .filter(|_| short)
            .map(fault)
            .collect()
    };
    let text = with("\"list\":[3],\"flag\":0").replace("36", "\"x\"");
    let found = read_members(&members(&text), &check).unwrap_err();
    let values: Vec<_> = found.values.iter().map(|fault| fault.path.as_str()).collect();
    assert_eq!((found.shape.len(), values), (3, vec!["name", "inner.first"]));
    assert_eq!(read_members(&members(GOOD), &check).unwrap_err().values.len(), 4);
}

#[test]
fn work_and_words_are_limited() {
    let many = (0..100_000)
        .map(|n| format!("\"k{n}\":0.5"))
        .collect::<Vec<_>>()
        .join(",");
    let long = "x".repeat(500_000);
    let nulls = (0..100_000)
        .map(|n| format!("\"k{n}\":null"))
        .collect::<Vec<_>>()
        .join(",");
    let began = std::time::Instant::now();
    assert_eq!(faults(&with(&format!("\"numbers\":{{{many}}}"))).len(), MAX_FAULTS);
    assert_eq!(faults(&with(&format!("\"numbers\":{{{nulls}}}"))).len(), MAX_FAULTS);
    assert!(
        sheet(&with(&format!("\"texts\":{{{nulls}}}")))
            .unwrap()
            .texts
            .is_empty()
    );
    let list = format!("\"list\":[{}1]", "{\"first\":1,\"second\":\"\"},".repeat(30_000));
    assert_eq!(faults(&with(&list)).len(), MAX_FAULTS);
    assert_eq!(
        faults(&with(&format!("\"numbers\":{{\"{long}\":{{}},\"b\":[],\"c\":[]}}"))).len(),
        1
    );
    assert!(began.elapsed().as_secs() < 10, "{:?}", began.elapsed());
}

proptest! {
    #[test]
    fn any_members_are_read_or_refused_in_words_of_the_api(values in proptest::collection::vec((0..15_usize, 0..12_usize), 0..15)) {
        const NAMES: [&str; 15] = ["count", "name", "email", "kind", "inner", "flag", "small", "born", "at", "price", "apr", "list", "numbers", "texts", "any"];
        const VALUES: [&str; 12] = ["null", "true", "36.0", "-1", "1e99", "\"\"", "\"qqq\"", "\"2026-01-31\"", "[]", "[{}]", "{}", "{\"first\":1,\"second\":\"c@d.co\",\"qqq\":[1]}"];
        let given: BTreeMap<_, _> = values.into_iter().map(|(name, value)| (NAMES[name], VALUES[value])).collect();
        let text: Vec<_> = given.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let text = format!("{{{}}}", text.join(","));
        let missing = ["count", "name", "email", "kind", "inner"].into_iter().filter(|name| given.get(name).is_none_or(|value| *value == "null"));
        let missing: Vec<_> = missing.map(|name| (name, "is missing")).collect();
        let faults = sheet(&text).err().map(|faults| faults.shape).unwrap_or_default();
        let found: Vec<_> = faults.iter().map(|fault| (fault.path.as_str(), fault.message.as_str())).collect();
        for one in &missing {
            prop_assert!(found.contains(one), "{text}: {found:?}");
        }
        prop_assert_eq!(found.iter().filter(|(path, why)| *why == "is missing" && !path.contains('.') && !path.contains('[')).count(), missing.len());
        for (path, why) in found {
            prop_assert!(why.starts_with("must ") || why == "is missing", "{path} {why}");
            prop_assert!(!path.is_empty() && !why.contains("qqq"));
        }
    }
}
