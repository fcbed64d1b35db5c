//! The register's form, which `cargo xtask erase` writes too, and what a search takes as a subject's value.

use jiff::Timestamp;
use model::id::ErasureId;
use serde_json::Value;

use super::*;
use crate::port::store::item;
use crate::transport::redact::Redactor;

const SAMPLE: &str = include_str!("request.json");

fn redactor() -> Redactor {
    Redactor::new("test")
}

fn email(address: &str) -> ErasureSubject {
    ErasureSubject::email(&redactor(), &address.parse().unwrap())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn erasure(subject: ErasureSubject) -> ErasureRow {
    let id: ErasureId = "019b8dd2-6a00-7000-8000-000000000001".parse().unwrap();
    ErasureRow::new(id, subject, "arn:aws:iam::1:user/me", at("2026-01-05T10:20:00Z"))
}

/// DynamoDB's JSON of a row.
fn stored(row: &ErasureRow) -> Value {
    fn value(of: &aws_sdk_dynamodb::types::AttributeValue) -> Value {
        use aws_sdk_dynamodb::types::AttributeValue::{M, N, S};
        match of {
            S(text) => serde_json::json!({"S": text}),
            N(number) => serde_json::json!({"N": number}),
            M(members) => {
                serde_json::json!({"M": members.iter().map(|(name, of)| (name.clone(), value(of))).collect::<serde_json::Map<_, _>>()})
            }
            other => panic!("{other:?}"),
        }
    }
    let row = item(row).unwrap();
    row.iter()
        .map(|(name, of)| (name.clone(), value(of)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn a_request_has_the_form_that_the_command_writes() {
    let written = stored(&erasure(email("john.doe@example.com")));
    assert_eq!(written, serde_json::from_str::<Value>(SAMPLE).unwrap(), "{written:#}");
}

#[test]
fn a_request_names_no_person() {
    for subject in [
        email("john.doe@example.com"),
        ErasureSubject::customer(&redactor(), "tus_1"),
    ] {
        let row = format!("{:?}", item(&erasure(subject)).unwrap());
        assert!(!row.contains("john") && !row.contains("tus_1"), "{row}");
    }
    let other = ErasureSubject::email(&Redactor::new("other"), &"john.doe@example.com".parse().unwrap());
    assert_ne!(other, email("john.doe@example.com"));
}

#[test]
fn an_address_is_found_as_a_value_in_any_spelling_until_the_request() {
    let row = erasure(email("john.doe@example.com"));
    let (search, id) = (
        SubjectSearch::new(&redactor(), std::slice::from_ref(&row)),
        Some(row.id),
    );
    let (before, then, after) = (at("2025-01-05T10:20:00Z"), row.requested_at, at("2026-01-05T10:20:01Z"));
    for spelling in ["john.doe@example.com", "John.Doe@EXAMPLE.com", " john.doe@example.com "] {
        assert_eq!(search.email(spelling, before), id, "{spelling}");
        assert_eq!(search.email(spelling, then), id, "{spelling}");
        assert_eq!(search.email(spelling, after), None, "{spelling}");
    }
    for document in [
        r#"{"a":[{"b":"John.Doe@example.com"}]}"#,
        r#"{"a":"john.doe\u0040example.com"}"#,
        r#"{"john.doe@example.com":1}"#,
        r#""john.doe@example.com""#,
    ] {
        assert_eq!(search.email_in(document, before), id, "{document}");
    }
    for other in [
        r#"{"a":"jane@example.com"}"#,
        r#"{"a":"ask john.doe@example.com today"}"#,
        "john.doe@example.com",
        "{",
    ] {
        assert_eq!(search.email_in(other, before), None, "{other}");
    }
    assert_eq!(search.customer("john.doe@example.com", before), None);
}

#[test]
fn two_erasures_of_one_address_reach_until_the_last_request() {
    let first = erasure(email("john.doe@example.com"));
    let mut second = first.clone();
    second.requested_at = at("2026-02-05T10:20:00Z");
    for order in [[first.clone(), second.clone()], [second, first]] {
        let search = SubjectSearch::new(&redactor(), &order);
        assert!(
            search
                .email("john.doe@example.com", at("2026-02-01T00:00:00Z"))
                .is_some()
        );
    }
}
