//! What is sent upstream, byte for byte where it matters, and what is made of the answers.

use http::{HeaderMap, StatusCode};

use super::*;

const CHANGE: Change = Change {
    case: 406_987,
    number: 12,
};
const CREATE: &str = include_str!("../../fixtures/bqs/create.request.json");

fn answer(status: u16, body: &'static str) -> Answer {
    Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
        received_at: "2026-01-05T10:00:00Z".parse().unwrap(),
    }
}

fn text(call: &Call) -> &str {
    std::str::from_utf8(call.request.body()).unwrap()
}

#[test]
fn each_change_goes_to_its_path_with_its_key() {
    let body = r#"{"organizationNumber":"76198268"}"#;
    let upload = Upload {
        code: "123".into(),
        media_type: "application/pdf".into(),
        bytes: Bytes::from_static(b"%PDF-1.4"),
        sha256: "ab".repeat(32),
    };
    let calls = [
        (create(CHANGE, "{}"), "POST", "/case", "create"),
        (update(CHANGE, 7, "{}"), "PUT", "/case/7", "update"),
        (score(CHANGE, 7, body), "POST", "/case/7/score-customer", "score"),
        (consent(CHANGE, 7, body), "POST", "/case/7/business-consent", "consent"),
        (document(CHANGE, 7, &upload), "POST", "/document/7", "document"),
    ];
    for (call, method, path, operation) in calls {
        let call = call.unwrap();
        assert_eq!(
            (call.request.method().as_str(), call.request.uri().path()),
            (method, path)
        );
        assert_eq!(call.request.headers()["idempotency-key"], "406987.12");
        assert_eq!((call.operation, call.repeatable), (operation, false));
        assert_eq!(AUTH_HEADER, "x-api-key");
    }
    assert_eq!(text(&score(CHANGE, 7, body).unwrap()), body);
}

const AUTH_HEADER: &str = match AUTH {
    Auth::ApiKey { header, .. } => header,
    Auth::SignedToken { .. } => "",
};

#[test]
fn the_misspelt_name_goes_upstream_and_nothing_else_changes() {
    let sent = create(CHANGE, CREATE).unwrap();
    let wanted = CREATE.replace("administrationFee", "admininstrationFee");
    let members = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(members(text(&sent)), members(&wanted));
    assert!(text(&sent).contains("\"downPayment\":250000.00"), "{}", text(&sent));
    assert!(
        !text(&sent).contains("\"administrationFeeIsManual\""),
        "{}",
        text(&sent)
    );
    let both = r#"{"calculation":{"administrationFeeIsManual":true,"admininstrationFeeIsManual":false}}"#;
    assert_eq!(
        text(&update(CHANGE, 7, both).unwrap()),
        r#"{"calculation":{"admininstrationFeeIsManual":false}}"#
    );
    for untouched in [
        r#"{"z":1.50,"a":{"calculation":{}},"externalSystemReference":"administrationFeeIsManual"}"#,
        r#"{"calculation":null,"x":"administrationFeeIsManual"}"#,
        "{ \"brandCode\" : 4 }",
    ] {
        assert_eq!(text(&update(CHANGE, 7, untouched).unwrap()), untouched);
    }
}

#[test]
fn a_document_is_a_form_whose_bytes_are_untouched() {
    let bytes = b"\x89PNG\r\n\x1a\n--ab\r\n\xff";
    let upload = Upload {
        code: "123".into(),
        media_type: "image/png".into(),
        bytes: Bytes::from_static(bytes),
        sha256: "ab".repeat(32),
    };
    let call = document(CHANGE, 7, &upload).unwrap();
    let boundary = "ab".repeat(32);
    assert_eq!(
        call.request.headers()["content-type"],
        format!("multipart/form-data; boundary={boundary}")
    );
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n123\r\n--{boundary}\r\nContent-Disposition: \
         form-data; name=\"file\"; filename=\"document.png\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    assert_eq!(
        &call.request.body()[..],
        [head.as_bytes(), bytes, tail.as_bytes()].concat()
    );
}

#[test]
fn a_new_case_has_a_sequence() {
    let (sequence, said) = created(&answer(201, include_str!("../../fixtures/bqs/create.answer.json"))).unwrap();
    assert_eq!((sequence, said.status), (455_732, 201));
    assert_eq!(said.body.trim(), r#"{"sequence":455732}"#);
    for body in ["", "{}", r#"{"sequence":0}"#, r#"{"sequence":"7"}"#, "<html>"] {
        assert_eq!(
            created(&answer(200, body)).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{body}"
        );
    }
    assert_eq!(
        accepted(&answer(202, "")).unwrap(),
        Said {
            status: 202,
            body: String::new()
        }
    );
}

#[test]
fn a_refusal_is_told_in_bqs_words() {
    let refused = accepted(&answer(400, include_str!("../../fixtures/bqs/refusal.json"))).unwrap_err();
    assert_eq!(refused.kind, Kind::PartnerRejected);
    assert_eq!(
        refused.message,
        "BQS answered 400: One or more validation errors occurred."
    );
    let paths: Vec<_> = refused.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["$.caseObject.price", "createCase"]);
}

#[test]
fn a_status_says_whether_the_change_was_made() {
    let kind = |status| accepted(&answer(status, "<html>")).unwrap_err().kind;
    for status in [400, 403, 404, 405, 409, 413, 415, 422] {
        assert_eq!(kind(status), Kind::PartnerRejected, "{status}");
    }
    assert_eq!(kind(401), Kind::PartnerAuth);
    assert_eq!(kind(408), Kind::PartnerTimeout);
    assert_eq!(kind(429), Kind::PartnerThrottled);
    for status in [500, 502, 503, 504] {
        assert_eq!(kind(status), Kind::PartnerError, "{status}");
    }
    assert_eq!(kind(302), Kind::PartnerBadResponse);
}
