//! What is special to a quote of LEX: the CAP id, the price and the reasons of a refusal.

use call::testing::answer;
use model::Kind;

use super::*;
use crate::sample::{context, request};

const ANSWER: &str = include_str!("../../fixtures/lex/quote.answer.json");
/// The same answer, written otherwise.
const LOOSE: &str = include_str!("../../fixtures/lex/quote.loose.json");

fn answered(status: u16, body: &str) -> Result<Price> {
    let answer = answer(status, body);
    match Lex.quoted(&context(&request()), &Progress::default(), &answer)? {
        Step::Done(price) => Ok(price),
        Step::Next(_) => panic!("LEX has one step"),
    }
}

#[test]
fn a_cap_id_that_lex_cannot_read_is_the_callers_mistake() {
    for cap_id in [None, Some("CAP12345"), Some(""), Some("-1"), Some("1.5")] {
        let mut request = request();
        request.vehicle_details.cap_id = cap_id.map(Into::into);
        let error = Lex.quote(&context(&request), &Progress::default()).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(error.fields[0].path, "vehicleDetails.capId");
    }
}

#[test]
fn the_sample_answer_becomes_this_price() {
    insta::assert_json_snapshot!(answered(200, ANSWER).unwrap(), @r#"
    {
      "monthly_payment": {
        "minor": 45000,
        "currency": "GBP"
      },
      "total_amount": {
        "minor": 1620000,
        "currency": "GBP"
      },
      "total_amount_payable": {
        "minor": 1870000,
        "currency": "GBP"
      },
      "apr": "4.9",
      "balloon_payment": {
        "minor": 800000,
        "currency": "GBP"
      },
      "term": 36,
      "external_quote_id": "Q12345",
      "external_reference": "LEX-2024-001",
      "valid_until": "2024-12-31T23:59:59Z"
    }
    "#);
}

#[test]
fn the_same_answer_is_the_same_price_however_it_is_written() {
    assert_eq!(answered(200, LOOSE).unwrap(), answered(200, ANSWER).unwrap());
}

#[test]
fn a_refusal_names_our_fields() {
    let error = answered(400, include_str!("../../fixtures/lex/quote.refusal.json")).unwrap_err();
    assert_eq!(error.kind, Kind::PartnerRejected);
    assert_eq!(error.partner_code.as_deref(), Some("INVALID_FIELD"));
    let paths: Vec<_> = error.fields.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(paths, ["vehicleDetails.capId", "contractDetails.term"]);
}

#[test]
fn refused_credentials_have_lexs_code() {
    let body = include_str!("../../fixtures/lex/unauthorised.json");
    let error = answered(401, body).unwrap_err();
    assert_eq!(error.partner_code.as_deref(), Some("UNAUTHORISED"));
}

#[test]
fn an_unusable_success_is_never_a_price() {
    for (from, to) in [
        ("\"Q12345\"", "\"\""),
        ("\"quote_id\"", "\"id\""),
        ("450.00", "-450.00"),
        ("450.00", "0"),
        ("450.00", "NaN"),
        ("450.00", "\"450.00 GBP\""),
        ("450.00", "1e300"),
        ("450.00", "450.001"),
        ("16200.00", "449.99"),
        ("2500.00", "-1"),
        ("8000.00", "-1"),
        ("4.9", "-4.9"),
        ("\"term\": 36", "\"term\": 0"),
        ("\"status\"", "\"currency\": \"EUR\", \"status\""),
        ("}", ""),
    ] {
        let changed = ANSWER.replacen(from, to, 1);
        assert_ne!(changed, ANSWER);
        assert_eq!(
            answered(200, &changed).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{from} -> {to}"
        );
    }
    for body in ["", "[]", "null", "<html></html>"] {
        assert_eq!(
            answered(200, body).unwrap_err().kind,
            Kind::PartnerBadResponse,
            "{body}"
        );
    }
}

#[test]
fn an_answer_may_lack_optional_members() {
    let lean = r#"{"quote_id":"Q1","term":24,"initial_payment":0,"monthly_rental":1.5,"total_rentals":36,"apr":null}"#;
    let price = answered(200, lean).unwrap();
    assert_eq!(
        (price.apr, price.balloon_payment, price.valid_until),
        (None, None, None)
    );
    assert_eq!(
        (
            price.monthly_payment.minor,
            price.total_amount_payable.minor,
            price.term
        ),
        (150, 3600, 24)
    );
}
