//! What is special to Alphabet's proposals: its statuses, its codes, and the answers that deny a proposal.

use call::testing::answer;

use super::*;
use crate::Funder;
use crate::alphabet::Alphabet;
use crate::sample;

const ANSWER: &str = include_str!("../../../fixtures/alphabet/proposal.answer.json");
const ABSENT: &str = include_str!("../../../fixtures/alphabet/proposal.absent.json");
const REFUSAL: &str = include_str!("../../../fixtures/alphabet/proposal.refusal.json");

fn proposed(status: u16, body: &str) -> Result<Decision> {
    Alphabet.proposed(&sample::proposal("CW-20001"), &answer(status, body))
}

fn decided(status: u16, body: &str) -> Result<Option<Decision>> {
    Alphabet.decided(&sample::reference("CW-20001"), &answer(status, body))
}

#[test]
fn unknown_members_of_the_customer_are_null() {
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
fn an_unusable_success_decides_nothing() {
    for (from, to) in [
        ("Referred", "REFERRED"),
        ("\"AP123\"", "null"),
        ("\"ProposalReference\"", "\"Id\""),
        ("000000000003", "000000000004"),
        ("\"Referred\"", "7"),
        ("\"HasError\": false", "\"HasError\": true"),
        ("}", ""),
    ] {
        let changed = ANSWER.replacen(from, to, 1);
        assert_ne!(changed, ANSWER);
        assert_eq!(
            proposed(200, &changed).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{to}"
        );
        assert_eq!(
            decided(200, &changed).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{to}"
        );
    }
}

#[test]
fn a_refusal_at_200_has_alphabets_code() {
    let error = proposed(200, REFUSAL).unwrap_err();
    assert_eq!(
        (error.kind, error.partner_code.as_deref()),
        (Kind::PartnerRejected, Some("AlreadyProposed"))
    );
    assert_eq!(error.fields[0].path, ".");
}

#[test]
fn only_alphabet_itself_can_deny_our_proposal() {
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
