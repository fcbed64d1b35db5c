//! Proposals against their fixtures.

use model::Kind;

use super::super::Lex;
use super::*;
use crate::Funder;
use crate::sample::{self, CORRELATION, HOSTILE, answer, assert_sends, of};

const ANSWER: &str = include_str!("../../../fixtures/lex/proposal.answer.json");
const RETRIEVED: &str = include_str!("../../../fixtures/lex/retrieve.answer.json");
const ABSENT: &str = include_str!("../../../fixtures/lex/retrieve.absent.json");
const COMPLETED: &str = include_str!("../../../fixtures/lex/proposal.completed.json");
const REFUSAL: &str = include_str!("../../../fixtures/lex/proposal.refusal.json");

fn proposed(status: u16, body: &str) -> Result<Decision> {
    Lex.proposed(&sample::proposal("Q12345"), &answer(status, body))
}

fn decided(status: u16, body: &str) -> Result<Option<Decision>> {
    Lex.decided(&of("Q12345"), &answer(status, body))
}

#[test]
fn the_sample_becomes_this_request_and_is_never_repeatable() {
    let call = Lex.propose(&sample::proposal("Q12345")).unwrap();
    assert_sends(&call, include_str!("../../../fixtures/lex/proposal.request.json"));
    assert_eq!(call.request.method(), Method::POST);
    assert_eq!(call.request.uri(), "/quotes/Q12345/complete");
    assert_eq!(call.request.headers().get("x-lbg-request-id").unwrap(), CORRELATION);
    assert!(!call.repeatable);
}

#[test]
fn what_is_not_known_of_the_customer_is_null() {
    let mut proposal = sample::proposal("Q12345");
    let customer = &mut proposal.customer;
    (customer.phone, customer.date_of_birth) = (None, None);
    (customer.address, customer.employment) = (None, None);
    proposal.documents.clear();
    let call = Lex.propose(&proposal).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(call.request.body()).unwrap();
    for member in ["phone", "date_of_birth", "address", "employment"] {
        assert!(sent["customer"][member].is_null(), "{member}");
    }
    assert_eq!(sent["documents"], serde_json::json!([]));
}

#[test]
fn the_question_is_repeatable_and_names_the_quote() {
    let call = Lex.ask_decision(&of("Q12345")).unwrap();
    assert_eq!(
        (call.request.method(), call.request.uri().path()),
        (&Method::GET, "/quotes/Q12345")
    );
    assert!(call.repeatable && call.request.body().is_empty());
}

#[test]
fn a_hostile_quote_id_never_leaves_its_segment() {
    for id in HOSTILE {
        assert!(Lex.propose(&sample::proposal(id)).is_err(), "{id:?}");
        assert!(Lex.ask_decision(&of(id)).is_err(), "{id:?}");
    }
}

#[test]
fn each_word_of_lex_is_one_status() {
    for (word, status) in [
        ("SUBMITTED", ProposalStatus::Submitted),
        ("REFERRED", ProposalStatus::Referred),
        ("ACCEPTED", ProposalStatus::Approved),
        ("DECLINED", ProposalStatus::Declined),
    ] {
        let decision = proposed(200, &ANSWER.replace("REFERRED", word)).unwrap();
        assert_eq!(decision.status, status);
        assert_eq!(decision.external_id.as_deref(), Some("P123"));
        assert_eq!(decision.reason.as_deref(), Some("an underwriter looks at it"));
        let later = decided(200, &RETRIEVED.replace("ACCEPTED", word)).unwrap().unwrap();
        assert_eq!((later.status, later.reason), (status, None));
    }
}

#[test]
fn a_success_that_cannot_be_used_decides_nothing() {
    for (from, to) in [
        ("REFERRED", "MAYBE"),
        ("\"P123\"", "null"),
        ("\"proposal_id\"", "\"id\""),
        ("000000000003", "000000000004"),
        ("\"REFERRED\"", "7"),
        ("}", ""),
    ] {
        let spoilt = ANSWER.replacen(from, to, 1);
        assert_ne!(spoilt, ANSWER);
        assert_eq!(
            proposed(200, &spoilt).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{to}"
        );
    }
    for body in ["", "{}", "null", "<html></html>"] {
        assert_eq!(
            proposed(200, body).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{body}"
        );
    }
}

#[test]
fn a_refusal_names_our_fields() {
    let error = proposed(400, REFUSAL).unwrap_err();
    assert_eq!(error.kind, Kind::PartnerRejected);
    assert_eq!(error.partner_code.as_deref(), Some("INVALID_FIELD"));
    let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "additionalCustomerDetails.address",
            "additionalCustomerDetails.employment"
        ]
    );
}

#[test]
fn without_the_quote_lex_has_said_no() {
    for (status, body, code) in [(409, COMPLETED, "ALREADY_COMPLETED"), (404, ABSENT, "NOT_FOUND")] {
        let error = proposed(status, body).unwrap_err();
        assert_eq!(
            (error.kind, error.partner_code.as_deref()),
            (Kind::PartnerRejected, Some(code))
        );
    }
    // Of something in between: nobody knows what became of it.
    for status in [404, 409] {
        let error = proposed(status, "<html></html>").unwrap_err();
        assert_eq!((error.kind, error.partner_code), (Kind::PartnerBadResponse, None));
    }
    assert_eq!(proposed(503, "").unwrap_err().kind, Kind::PartnerError);
    assert_eq!(proposed(401, "").unwrap_err().kind, Kind::PartnerAuth);
}

#[test]
fn only_lex_itself_can_deny_that_it_has_our_proposal() {
    assert_eq!(decided(404, ABSENT).unwrap(), None);
    let calculated = r#"{"quote_id":"Q12345","status":"CALCULATED","proposal":null}"#;
    assert_eq!(decided(200, calculated).unwrap(), None);
    let others = RETRIEVED.replace("000000000003", "000000000004");
    assert_eq!(
        decided(200, &others).unwrap(),
        None,
        "another proposal completed the quote"
    );
    for (status, body, kind) in [
        (404, "<html>no such site</html>", Kind::PartnerBadResponse),
        (404, "", Kind::PartnerBadResponse),
        (200, "[]", Kind::PartnerBadResponse),
        (403, "", Kind::PartnerAuth),
        (500, "", Kind::PartnerError),
    ] {
        assert_eq!(decided(status, body).unwrap_err().kind, kind, "{status} {body}");
    }
}
