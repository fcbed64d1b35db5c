//! What is special to LEX's proposals: its statuses, its codes, and the answers that deny a proposal.

use call::testing::answer;
use model::Kind;

use super::*;
use crate::Funder;
use crate::lex::Lex;
use crate::sample;

const ANSWER: &str = include_str!("../../../fixtures/lex/proposal.answer.json");
const RETRIEVED: &str = include_str!("../../../fixtures/lex/proposal-status.answer.json");
const ABSENT: &str = include_str!("../../../fixtures/lex/proposal-status.absent.json");
const COMPLETED: &str = include_str!("../../../fixtures/lex/proposal.completed.json");
const REFUSAL: &str = include_str!("../../../fixtures/lex/proposal.refusal.json");

fn proposed(status: u16, body: &str) -> Result<Decision> {
    Lex.proposed(&sample::proposal("Q12345"), &answer(status, body))
}

fn decided(status: u16, body: &str) -> Result<Option<Decision>> {
    Lex.decided(&sample::reference("Q12345"), &answer(status, body))
}

#[test]
fn unknown_members_of_the_customer_are_null() {
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
fn an_unusable_success_decides_nothing() {
    for (from, to) in [
        ("REFERRED", "MAYBE"),
        ("\"P123\"", "null"),
        ("\"proposal_id\"", "\"id\""),
        ("000000000003", "000000000004"),
        ("\"REFERRED\"", "7"),
        ("}", ""),
    ] {
        let changed = ANSWER.replacen(from, to, 1);
        assert_ne!(changed, ANSWER);
        assert_eq!(
            proposed(200, &changed).unwrap_err().kind,
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
fn an_answer_without_the_quote_is_a_refusal() {
    for (status, body, code) in [(409, COMPLETED, "ALREADY_COMPLETED"), (404, ABSENT, "NOT_FOUND")] {
        let error = proposed(status, body).unwrap_err();
        assert_eq!(
            (error.kind, error.partner_code.as_deref()),
            (Kind::PartnerRejected, Some(code))
        );
    }
    // A proxy's answer: the outcome is unknown.
    for status in [404, 409] {
        let error = proposed(status, "<html></html>").unwrap_err();
        assert_eq!((error.kind, error.partner_code), (Kind::PartnerBadResponse, None));
    }
}

#[test]
fn only_lex_itself_can_deny_our_proposal() {
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
        (200, r#"{"quote_id":"Q12345"}"#, Kind::PartnerBadResponse),
        (403, "", Kind::PartnerAuth),
        (500, "", Kind::PartnerError),
    ] {
        assert_eq!(decided(status, body).unwrap_err().kind, kind, "{status} {body}");
    }
}
