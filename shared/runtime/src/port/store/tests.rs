//! How conditions reach DynamoDB. What stores do with them is held by the behaviour suite in `tests/store.rs`.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::condition::Expression;
use super::*;

#[tokio::test]
async fn an_empty_range_is_not_asked_for() {
    let store = Dynamo::new(|| panic!("no client is made"));
    let query = Query::new("t", "p", 10).from(Some("b".into())).to(Some("a".into()));
    assert!(store.query(&query).await.unwrap().is_empty());
}

#[test]
fn conditions_are_written_with_placeholders_only() {
    let when = When::Any(vec![
        When::Absent,
        When::All(vec![When::text("status", "PENDING"), When::number("revision", 3)]),
        When::Below("ttl", 1_000),
    ]);
    let now = Timestamp::from_second(900).unwrap();
    let expression = Expression::of(&when, now);
    assert_eq!(
        expression.text,
        "((attribute_not_exists(#pk)) OR ((#status = :v0) AND (#revision = :v1)) OR (#ttl < :v2)) OR #ttl <= :v3"
    );
    assert_eq!(expression.names.len(), 4);
    assert_eq!(expression.values[":v3"], AttributeValue::N("900".into()));
    let live = Expression::of(&When::text("status", "PENDING"), now);
    assert_eq!(
        live.text,
        "(#status = :v0) AND (attribute_not_exists(#ttl) OR #ttl > :v1)"
    );
    assert_eq!(expression.values[":v0"], AttributeValue::S("PENDING".into()));
    assert_eq!(expression.values[":v2"], AttributeValue::N("1000".into()));
}
