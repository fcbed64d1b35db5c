//! Proposals against their fixtures.

use super::super::Alphabet;
use super::*;
use crate::Funder;
use crate::sample::{self, HOSTILE, PROPOSAL, answer, assert_sends, of};

const ANSWER: &str = include_str!("../../../fixtures/alphabet/proposal.answer.json");
const ABSENT: &str = include_str!("../../../fixtures/alphabet/proposal.absent.json");
const REFUSAL: &str = include_str!("../../../fixtures/alphabet/proposal.refusal.json");

fn proposed(status: u16, body: &str) -> Result<Decision> {
    Alphabet.proposed(&sample::proposal("CW-20001"), &answer(status, body))
}

fn decided(status: u16, body: &str) -> Result<Option<Decision>> {
    Alphabet.decided(&of("CW-20001"), &answer(status, body))
}

#[test]
fn the_sample_becomes_this_request_and_is_never_repeatable() {
    let call = Alphabet.propose(&sample::proposal("CW-20001")).unwrap();
    assert_sends(&call, include_str!("../../../fixtures/alphabet/proposal.request.json"));
    assert_eq!(
        (call.request.method(), call.request.uri().path()),
        (&Method::POST, "/api/proposals")
    );
    assert!(!call.repeatable);
}

#[test]
fn what_is_not_known_of_the_customer_is_null() {
    let mut proposal = sample::proposal("CW-20001");
    let customer = &mut proposal.customer;
    (customer.phone, customer.date_of_birth) = (None, None);
    (customer.address, customer.employment) = (None, None);
    proposal.documents.clear();
    let call = Alphabet.propose(&proposal).unwrap();
    let sent: serde_json::Value = serde_json::from_slice(call.request.body()).unwrap();
    for member in ["Telephone", "DateOfBirth", "Address", "Employment"] {
        assert!(sent["Customer"][member].is_null(), "{member}");
    }
    assert_eq!(sent["Documents"], serde_json::json!([]));
}

#[test]
fn no_quote_id_of_alphabets_gets_into_a_path() {
    for id in HOSTILE {
        let call = Alphabet.propose(&sample::proposal(id)).unwrap();
        assert_eq!(call.request.uri(), "/api/proposals");
        let call = Alphabet.ask_decision(&of(id)).unwrap();
        assert_eq!(call.request.uri().to_string(), format!("/api/proposals/{PROPOSAL}"));
        assert!(call.repeatable && call.request.method() == Method::GET);
    }
}

#[test]
fn each_word_of_alphabet_is_one_status() {
    for (word, status) in [
        ("Submitted", ProposalStatus::Submitted),
        ("Referred", ProposalStatus::Referred),
        ("Accepted", ProposalStatus::Approved),
        ("Declined", ProposalStatus::Declined),
    ] {
        let body = ANSWER.replace("Referred", word);
        let decision = proposed(200, &body).unwrap();
        assert_eq!(decision.status, status);
        assert_eq!(decision.external_id.as_deref(), Some("AP123"));
        assert_eq!(decision.reason.as_deref(), Some("an underwriter looks at it"));
        assert_eq!(decided(200, &body).unwrap(), Some(decision));
    }
}

#[test]
fn a_success_that_cannot_be_used_decides_nothing() {
    for (from, to) in [
        ("Referred", "REFERRED"),
        ("\"AP123\"", "null"),
        ("\"ProposalReference\"", "\"Id\""),
        ("000000000003", "000000000004"),
        ("\"Referred\"", "7"),
        ("\"HasError\": false", "\"HasError\": true"),
        ("}", ""),
    ] {
        let spoilt = ANSWER.replacen(from, to, 1);
        assert_ne!(spoilt, ANSWER);
        assert_eq!(
            proposed(200, &spoilt).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{to}"
        );
        assert_eq!(
            decided(200, &spoilt).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{to}"
        );
    }
}

#[test]
fn a_refusal_is_told_apart_from_a_failure() {
    let error = proposed(200, REFUSAL).unwrap_err();
    assert_eq!(
        (error.kind, error.partner_code.as_deref()),
        (Kind::PartnerRejected, Some("AlreadyProposed"))
    );
    assert_eq!(error.fields[0].path, ".");
    assert_eq!(proposed(401, "").unwrap_err().kind, Kind::PartnerAuth);
    assert_eq!(proposed(502, "").unwrap_err().kind, Kind::PartnerError);
    assert_eq!(proposed(404, "").unwrap_err().kind, Kind::PartnerBadResponse);
}

#[test]
fn only_alphabet_itself_can_deny_that_it_has_our_proposal() {
    assert_eq!(decided(404, ABSENT).unwrap(), None);
    assert_eq!(decided(200, ABSENT).unwrap(), None, "HTTP 200 can carry HasError");
    for (status, body, kind) in [
        (404, "<html>no such site</html>", Kind::PartnerBadResponse),
        (404, "", Kind::PartnerBadResponse),
        (404, REFUSAL, Kind::PartnerBadResponse),
        (200, "[]", Kind::PartnerBadResponse),
        (403, "", Kind::PartnerAuth),
        (500, "", Kind::PartnerError),
    ] {
        assert_eq!(decided(status, body).unwrap_err().kind, kind, "{status} {body}");
    }
}
