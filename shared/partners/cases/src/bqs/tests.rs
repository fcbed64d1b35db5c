//! What is special to BQS: the misspelt member, the form of a document, the reasons of a refusal.

use bytes::Bytes;
use call::testing::answer;

use super::*;

const CHANGE: Change = Change {
    case: 406_987,
    number: 12,
};
const CASE: &str = include_str!("../../fixtures/case.json");

fn text(call: &Call) -> &str {
    std::str::from_utf8(call.request.body()).unwrap()
}

#[test]
fn a_body_without_the_misspelt_name_goes_upstream_as_it_is() {
    let body = r#"{ "organizationNumber" : "76198268" }"#;
    for call in [Bqs.score(CHANGE, 7, body), Bqs.consent(CHANGE, 7, body)] {
        assert_eq!(text(&call.unwrap()), body);
    }
}

#[test]
fn the_misspelt_name_goes_upstream_and_nothing_else_changes() {
    let sent = Bqs.create(CHANGE, CASE).unwrap();
    assert!(text(&sent).contains("\"downPayment\":250000.00"), "{}", text(&sent));
    assert!(
        !text(&sent).contains("\"administrationFeeIsManual\""),
        "{}",
        text(&sent)
    );
    let both = r#"{"calculation":{"administrationFeeIsManual":true,"admininstrationFeeIsManual":false}}"#;
    assert_eq!(
        text(&Bqs.update(CHANGE, 7, both).unwrap()),
        r#"{"calculation":{"admininstrationFeeIsManual":false}}"#
    );
    for untouched in [
        r#"{"z":1.50,"a":{"calculation":{}},"externalSystemReference":"administrationFeeIsManual"}"#,
        r#"{"calculation":null,"x":"administrationFeeIsManual"}"#,
        "{ \"brandCode\" : 4 }",
    ] {
        assert_eq!(text(&Bqs.update(CHANGE, 7, untouched).unwrap()), untouched);
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
    let call = Bqs.document(CHANGE, 7, &upload).unwrap();
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
    let body = include_str!("../../fixtures/bqs/create.answer.json");
    let (sequence, accepted) = Bqs.created(&answer(201, body)).unwrap();
    assert_eq!((sequence, accepted.status), (455_732, 201));
    assert_eq!(accepted.body.trim(), r#"{"sequence":455732}"#);
    for body in [r#"{"sequence":0}"#, r#"{"sequence":"7a"}"#] {
        let error = Bqs.created(&answer(200, body)).unwrap_err();
        assert_eq!(error.kind, Kind::PartnerBadResponse, "{body}");
    }
    let empty = UpstreamAnswer {
        status: 202,
        body: String::new(),
    };
    assert_eq!(Bqs.accepted(&answer(202, "")).unwrap(), empty);
}

#[test]
fn a_refusal_has_the_reasons_of_bqs() {
    let body = include_str!("../../fixtures/bqs/create.refusal.json");
    let refused = Bqs.accepted(&answer(400, body)).unwrap_err();
    assert_eq!(refused.kind, Kind::PartnerRejected);
    assert_eq!(
        refused.message,
        "BQS answered 400: One or more validation errors occurred."
    );
    let paths: Vec<_> = refused.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["$.caseObject.price", "createCase"]);
}
