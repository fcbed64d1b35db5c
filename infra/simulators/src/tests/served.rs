//! Every operation of every partner can be scripted and is counted. With `served` a partner performs the call although
//! its response is lost.

use std::time::Duration;

use serde_json::json;

use super::{REQUEST_ID, Simulators, bearer, claims, lex_proposal};

/// Each operation with a request that calls it.
const OPERATIONS: [(&str, &str, &str); 22] = [
    ("alphabet/details", "POST", "/alphabet/api/vehicle/details"),
    ("alphabet/defaults", "POST", "/alphabet/api/finance/defaults"),
    ("alphabet/quote", "POST", "/alphabet/api/finance/calculatefordisplay"),
    ("alphabet/proposal", "POST", "/alphabet/api/proposals"),
    ("alphabet/retrieve", "GET", "/alphabet/api/proposals/TL-1"),
    ("bqs/create", "POST", "/bqs/v1/bqs-case/case"),
    ("bqs/update", "PUT", "/bqs/v1/bqs-case/case/1"),
    ("bqs/score", "POST", "/bqs/v1/bqs-case/case/1/score-customer"),
    ("bqs/consent", "POST", "/bqs/v1/bqs-case/case/1/business-consent"),
    ("bqs/document", "POST", "/bqs/v1/bqs-case/document/1"),
    ("lex/quote", "POST", "/lex/api/v1/quotes/calculate"),
    ("lex/recalculate", "POST", "/lex/api/v1/quotes/Q1/recalculate"),
    ("lex/proposal", "POST", "/lex/api/v1/quotes/Q1/complete"),
    ("lex/retrieve", "GET", "/lex/api/v1/quotes/Q1"),
    ("mmob/product-list", "GET", "/mmob/products"),
    ("mmob/product-create", "POST", "/mmob/products"),
    ("mmob/product", "GET", "/mmob/products/prod_1"),
    ("mmob/price-create", "POST", "/mmob/products/prod_1/pricing"),
    ("mmob/price", "GET", "/mmob/products/prod_1/pricing/price_1"),
    ("mmob/order", "GET", "/mmob/orders/po_1"),
    ("mmob/order-update", "POST", "/mmob/orders/po_1"),
    ("mmob/user", "GET", "/mmob/users"),
];

#[test]
fn every_operation_fails_on_demand_and_is_counted() {
    let simulators = Simulators::start();
    let failures = json!([
        { "status": 503, "headers": { "retry-after": "2" } }, { "status": 200, "body": { "HasError": true } },
        { "reset": true }, { "delay": 400 },
    ]);
    for (operation, method, path) in OPERATIONS {
        assert_eq!(
            simulators.script(operation, &failures).json(),
            json!({ "scripted": 4 }),
            "{operation}"
        );
        let body = (method != "GET").then_some("{}");
        let busy = simulators.request(method, path, &[], body);
        assert_eq!((busy.status, busy.header("retry-after")), (503, "2"), "{operation}");
        assert_eq!(
            simulators.request(method, path, &[], body).json(),
            json!({ "HasError": true }),
            "{operation}"
        );
        for timeout in [10_000, 100] {
            let lost = simulators.try_request(method, path, &[], body, Duration::from_millis(timeout));
            assert!(lost.is_err(), "{operation}");
        }
        let unknown = if operation.starts_with("mmob") { 403 } else { 401 };
        assert_eq!(
            simulators.request(method, path, &[], body).status,
            unknown,
            "{operation}"
        );
    }
    let five = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!(5))).collect();
    let expected = json!({
        "alphabet": serde_json::Value::Object(five(&["details", "defaults", "quote", "proposal", "retrieve"])),
        "bqs": serde_json::Value::Object(five(&["create", "update", "score", "consent", "document"])),
        "lex": serde_json::Value::Object(five(&["quote", "recalculate", "proposal", "retrieve"])),
        "mmob": serde_json::Value::Object(five(&[
            "product-list", "product-create", "product", "price-create", "price", "order", "order-update", "user",
        ])),
    });
    assert_eq!(simulators.control("calls"), expected);
    simulators.request("DELETE", "/_control/lex/quote", &[], None);
    assert_eq!(
        simulators.control("calls")["lex"],
        json!({ "quote": 0, "recalculate": 5, "proposal": 5, "retrieve": 5 })
    );
    simulators.request("DELETE", "/_control", &[], None);
    assert_eq!(simulators.control("calls")["alphabet"]["quote"], 0);
}

#[test]
fn a_served_call_has_its_effect_whatever_the_caller_receives() {
    let simulators = Simulators::start();
    let answers = [
        json!({ "reset": true }),
        json!({ "status": 502 }),
        json!({ "delay": 60_000 }),
        json!({ "delay": 5 }),
    ];
    let authorization = bearer(&claims());
    let headers = [
        ("authorization", authorization.as_str()),
        ("x-lbg-request-id", REQUEST_ID),
    ];
    for (number, mut answer) in answers.into_iter().enumerate() {
        let (path, reference) = (simulators.quoted(), format!("TL-{number}"));
        let body = lex_proposal(&reference, "Pending").to_string();
        answer["served"] = json!(true);
        simulators.script("lex/proposal", &json!([answer]));
        let complete = format!("{path}/complete");
        let seen = simulators.try_request("POST", &complete, &headers, Some(&body), Duration::from_millis(300));
        let seen = seen.map_or(0, |reply| reply.status);
        assert_eq!(seen, [0, 502, 0, 200][number], "{answer}");
        let shown = simulators.lex("GET", &path, None).json();
        assert_eq!(shown["proposal"]["cust_reference"], reference, "{answer}");
        assert_eq!(simulators.control("lex/searches")[&reference], 1, "{answer}");
    }
}

#[test]
fn a_call_that_was_not_served_has_no_effect() {
    let simulators = Simulators::start();
    let path = simulators.quoted();
    let body = lex_proposal("TL-1", "Doe").to_string();
    simulators.script("lex/proposal", &json!([{ "status": 502 }]));
    assert_eq!(
        simulators.lex("POST", &format!("{path}/complete"), Some(&body)).status,
        502
    );
    assert_eq!(simulators.control("lex/searches"), json!({}));
    assert_eq!(simulators.lex("GET", &path, None).json()["status"], "CALCULATED");
}
