//! The BQS behind the hub: the requests that it takes, its refusals, and the changes that it records.

use partners_cases::{Bqs, CaseSystem, Change, Upload};
use serde_json::{Value, json};

use super::adapters::carried;
use super::{Reply, Simulators};

const FIRST: u64 = 700_001;

pub fn case() -> Value {
    json!({
        "agreementCode": 3600, "externalSystemReference": "EC1", "brandCode": 4, "dealer": 730,
        "calculation": { "duration": 6, "administrationFee": 2500, "admininstrationFeeIsManual": true },
        "customer": { "details": { "type": "Company", "organizationNumber": "76198268" } },
    })
}

pub fn settings(simulators: &Simulators, settings: &Value) -> Reply {
    let text = settings.to_string();
    simulators.request("PUT", "/_control/bqs/state/settings", &[], Some(&text))
}

/// Returns the changes to a case in order, as operation and key.
fn changes(simulators: &Simulators, sequence: u64) -> Vec<(String, Value)> {
    let cases = simulators.control("bqs/state/cases");
    let changes = cases[sequence.to_string()]["changes"].as_array().unwrap().clone();
    let each = changes.into_iter();
    each.map(|change| (change["operation"].as_str().unwrap().to_owned(), change["key"].clone()))
        .collect()
}

fn upload(simulators: &Simulators, content_type: &str, body: &str) -> Reply {
    let headers = [("x-api-key", "test-bqs-upstream-key"), ("content-type", content_type)];
    let path = format!("/bqs/v1/bqs-case/document/{FIRST}");
    simulators.request("POST", &path, &headers, Some(body))
}

fn field(name: &str, value: &str) -> String {
    format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[test]
fn a_case_is_created_changed_scored_and_given_documents() {
    let simulators = Simulators::start();
    let created = simulators.bqs("POST", "case", "7.1", &case());
    assert_eq!((created.status, created.json()), (201, json!({ "sequence": FIRST })));
    assert_eq!(created.header("location"), format!("/v1/bqs-case/case/{FIRST}"));
    let update = json!({ "brandCode": 1, "externalSystemReference": null, "calculation": { "duration": 12 } });
    let updated = simulators.bqs("PUT", &format!("case/{FIRST}"), "7.2", &update);
    assert_eq!(updated.status, 200);
    let shown = updated.json();
    assert_eq!(
        (&shown["brandCode"], &shown["externalSystemReference"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(
        (&shown["calculation"]["duration"], &shown["dealer"]),
        (&json!(12), &json!(730))
    );
    assert_eq!(shown["calculation"]["administrationFee"], 2500);
    for (what, body) in [
        ("score-customer", json!({ "organizationNumber": "76198268" })),
        (
            "business-consent",
            json!({ "organizationNumber": "76198268", "email": "a@example.com" }),
        ),
    ] {
        let done = simulators.bqs("POST", &format!("case/{FIRST}/{what}"), "", &body);
        assert_eq!((done.status, done.text.as_str()), (202, ""), "{what}");
    }
    let form = field("file", "%PDF-1.4") + &field("code", "123") + "--XX--\r\n";
    let uploaded = upload(&simulators, "multipart/form-data; boundary=XX", &form);
    assert_eq!((uploaded.status, &uploaded.json()["size"]), (201, &json!(8)));
    let expected = [
        ("create", json!("7.1")),
        ("update", json!("7.2")),
        ("score", Value::Null),
        ("consent", Value::Null),
        ("document", Value::Null),
    ];
    assert_eq!(
        changes(&simulators, FIRST),
        expected.map(|(operation, key)| (operation.to_owned(), key))
    );
}

#[test]
fn a_repeated_key_changes_nothing_where_keys_are_honoured() {
    let simulators = Simulators::start();
    for replayed in ["", "true"] {
        let created = simulators.bqs("POST", "case", "7.1", &case());
        assert_eq!((created.status, created.header("idempotent-replayed")), (201, replayed));
        assert_eq!(created.json()["sequence"], FIRST);
    }
    let mut other = case();
    other["dealer"] = json!(1);
    assert_eq!(simulators.bqs("POST", "case", "7.1", &other).status, 422);
    assert_eq!(changes(&simulators, FIRST).len(), 1);

    assert_eq!(settings(&simulators, &json!({ "honoursKeys": false })).status, 200);
    assert_eq!(
        simulators.bqs("POST", "case", "7.1", &case()).json()["sequence"],
        FIRST + 1
    );
    for _ in 0..2 {
        simulators.bqs("PUT", &format!("case/{FIRST}"), "7.2", &json!({ "brandCode": 1 }));
    }
    assert_eq!(changes(&simulators, FIRST).len(), 3);
    assert_eq!(settings(&simulators, &json!({ "honors": false })).status, 400);

    simulators.request("DELETE", "/_control/bqs/state/cases", &[], None);
    assert_eq!(simulators.control("bqs/state/cases"), json!({}));
    assert_eq!(
        simulators.bqs("POST", "case", "7.1", &case()).json()["sequence"],
        FIRST + 2
    );
}

#[test]
fn refusals_are_problems() {
    let simulators = Simulators::start();
    simulators.bqs("POST", "case", "", &case());
    let without = |member: &str| {
        let mut case = case();
        case.as_object_mut().unwrap().remove(member);
        case
    };
    let spelt = json!({ "calculation": { "administrationFeeIsManual": true } });
    for (method, path, body, status, named) in [
        ("POST", "case", without("dealer"), 400, "$.dealer"),
        ("POST", "case", without("brandCode"), 400, "$.brandCode"),
        ("POST", "case", json!([]), 400, "$"),
        (
            "PUT",
            "case/700001",
            spelt,
            400,
            "$.calculation.administrationFeeIsManual",
        ),
        ("PUT", "case/x", json!({}), 400, "sequence"),
        ("PUT", "case/700002", json!({}), 404, ""),
        (
            "POST",
            "case/700001/score-customer",
            json!({}),
            400,
            "$.organizationNumber",
        ),
        (
            "POST",
            "case/700001/business-consent",
            json!({ "organizationNumber": "1" }),
            400,
            "$.email",
        ),
        ("GET", "case/700001/score-customer", json!({}), 405, ""),
        ("POST", "cases", json!({}), 404, ""),
    ] {
        let refused = simulators.bqs(method, path, "k", &body);
        let problem = refused.json();
        assert_eq!(
            (refused.status, &problem["status"]),
            (status, &json!(status)),
            "{method} {path}: {problem}"
        );
        assert!(
            named.is_empty() || problem["errors"][named].is_array(),
            "{method} {path}: {problem}"
        );
        let trace = problem["traceId"].as_str().unwrap();
        assert_eq!((trace.len(), &trace[..3], &trace[52..]), (55, "00-", "-01"));
    }
    let keyless = simulators.request("POST", "/bqs/v1/bqs-case/case", &[], Some("{}"));
    assert_eq!(
        (keyless.status, &keyless.json()["title"]),
        (401, &json!("Unauthorized"))
    );
    assert_eq!(changes(&simulators, FIRST).len(), 1);
    // BQS stores no response to a refused change under its key.
    assert_eq!(simulators.bqs("PUT", "case/700001", "k", &json!({})).status, 200);
}

#[test]
fn a_form_needs_a_code_and_one_file() {
    let simulators = Simulators::start();
    simulators.bqs("POST", "case", "", &case());
    let (file, base64, code) = (
        field("file", "%PDF"),
        field("fileBase64", "JVBERg=="),
        field("code", "1"),
    );
    for (form, status) in [
        (format!("{file}{code}"), 201),
        (format!("{base64}{code}"), 201),
        (format!("{file}{base64}{code}"), 400),
        (code.clone(), 400),
        (file.clone(), 400),
        (format!("{}{code}", field("file", "")), 400),
    ] {
        let sent = upload(
            &simulators,
            "multipart/form-data; boundary=XX",
            &format!("{form}--XX--"),
        );
        assert_eq!(sent.status, status, "{form}: {}", sent.text);
    }
    assert_eq!(
        upload(&simulators, "multipart/form-data; boundary=XX", &file).status,
        400
    );
    assert_eq!(upload(&simulators, "application/json", "{}").status, 415);
}

/// The hub's adapter against the simulator over the socket.
#[test]
fn bqs_understands_the_adapters_requests() {
    let simulators = Simulators::start();
    let base = "/bqs/v1/bqs-case";
    let sent = |call: &call::Call| carried(&simulators, base, ("x-api-key", "test-bqs-upstream-key"), call);
    let change = |number| Change { case: 7, number };
    let right = case().to_string().replace("admininstration", "administration");
    let (upstream, _) = Bqs.created(&sent(&Bqs.create(change(1), &right).unwrap())).unwrap();
    let upload = Upload {
        code: "123".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: "%PDF-1.4".into(),
        sha256: "0f".repeat(32),
    };
    let consent = r#"{"organizationNumber":"1","email":"a@example.com"}"#;
    for call in [
        Bqs.update(change(2), upstream, r#"{"brandCode":1}"#),
        Bqs.score(change(3), upstream, r#"{"organizationNumber":"1"}"#),
        Bqs.consent(change(4), upstream, consent),
        Bqs.document(change(5), upstream, &upload),
    ] {
        Bqs.accepted(&sent(&call.unwrap())).unwrap();
    }
    let done: Vec<_> = changes(&simulators, FIRST).into_iter().map(|(_, key)| key).collect();
    assert_eq!(
        done,
        [json!("7.1"), json!("7.2"), json!("7.3"), json!("7.4"), json!("7.5")]
    );
    let refused = sent(&Bqs.create(change(1), "{}").unwrap());
    assert_eq!(Bqs.accepted(&refused).unwrap_err().kind, model::Kind::PartnerRejected);
}
