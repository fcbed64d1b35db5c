//! Documents without a verdict, on the deployed stack.

use http::Method;
use serde_json::{Value, json};

use super::documents::{CODE, dealer, upload};
use super::upstream::changes;
use crate::lock::Domain::Bqs;
use crate::stack::Stack;

const FUNCTION: &str = "bqs-forward";
pub fn pdf(content: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{content}\n%%EOF\n").into_bytes()
}

pub async fn case_of(stack: &Stack, key: &str, case: i64) -> Value {
    let path = format!("/v1/bqs-case/case/{case}");
    stack.send_with_key(Method::GET, &path, key, None).await.json()
}

/// The forwarder's progress with a case.
async fn progress(stack: &Stack, case: i64) -> Value {
    let request = json!({
        "TableName": stack.table("cases"), "ConsistentRead": true,
        "Key": {"pk": {"S": format!("CASE#{case}")}, "sk": {"S": "FORWARD"}},
    });
    let row = stack.service("dynamodb", "DynamoDB_20120810.GetItem", request).await;
    row["Item"].clone()
}

#[tokio::test]
async fn a_document_waits_while_the_scanner_is_away() {
    let stack = Stack::exclusive(&[Bqs]).await;
    let away = [("DOCUMENT_SCANNER", "clamd"), ("CLAMD_ADDRESS", "127.0.0.1:1")];
    let before = stack.configure(FUNCTION, &away).await;
    let (channel, case) = dealer(&stack).await;
    let clean = pdf("clean");
    let fields = [("file", "application/pdf", &clean[..]), CODE];
    let got = upload(&stack, &channel.key, &case.to_string(), &fields).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let path = format!("/v1/bqs-case/case/{case}");
    let update = r#"{"externalSystemReference":"x"}"#;
    let updated = stack
        .send_with_key(Method::PUT, &path, &channel.key, Some(update))
        .await;
    assert_eq!(updated.status, 200, "{}", updated.text);
    let mut row = Value::Null;
    for _ in 0..300 {
        row = progress(&stack, case).await;
        if row["scan"]["M"].is_object() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    stack.restore(FUNCTION, &before).await;
    assert!(row["scan"]["M"].is_object(), "{row}");
    assert_eq!(row["forwardedThrough"]["N"], "1", "{row}");
    assert_eq!(changes(&stack, case, 1).await.len(), 1);
    // The hub asks again a few seconds later.
    let made = changes(&stack, case, 3).await;
    let operations: Vec<_> = made.iter().map(|change| change["operation"].clone()).collect();
    assert_eq!(operations, ["create", "document", "update"]);
    assert!(case_of(&stack, &channel.key, case).await["refusedDocuments"].is_null());
}
