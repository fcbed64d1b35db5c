//! Rows that were deleted come back from a table that AWS restored under another name.

use http::Method;
use serde_json::{Value, json};

use super::upstream::settled_rows;
use crate::lock::Domain::Bqs;
use crate::stack::Stack;

const DYNAMO: &str = "DynamoDB_20120810";

async fn dynamo(stack: &Stack, operation: &str, input: Value) -> Value {
    stack.service("dynamodb", &format!("{DYNAMO}.{operation}"), input).await
}

/// The status of a case for its channel.
async fn status(stack: &Stack, key: &str, case: i64) -> u16 {
    let path = format!("/v1/bqs-case/case/{case}");
    stack.send_with_key(Method::GET, &path, key, None).await.status
}

#[tokio::test]
async fn deleted_cases_come_back_and_later_ones_stay() {
    let stack = Stack::exclusive(&[Bqs]).await;
    let key = stack.channel(&["case.write", "case.read"], &[808]).await.key;
    let mut cases = Vec::new();
    // More than one page of the command.
    for _ in 0..40 {
        cases.push(stack.case(&key, 808).await);
    }
    // The forwarder has written its last row about them.
    settled_rows(&stack).await;
    let (table, restored) = (
        stack.text("/tables/cases"),
        format!("restored-{}", uuid::Uuid::new_v4()),
    );
    let input = json!({ "SourceTableName": table, "TargetTableName": restored, "UseLatestRestorableTime": true });
    dynamo(&stack, "RestoreTableToPointInTime", input).await;

    let mut deleted = 0;
    for case in &cases {
        for row in stack.rows("cases", "pk", &format!("CASE#{case}")).await {
            let gone = json!({ "TableName": table, "Key": { "pk": row["pk"], "sk": row["sk"] } });
            dynamo(&stack, "DeleteItem", gone).await;
            deleted += 1;
        }
        assert_eq!(status(&stack, &key, *case).await, 404);
    }
    let later = stack.case(&key, 808).await;
    let restore = ["restore", "--table", "cases", "--from", restored.as_str()];
    let counted = stack.xtask(&[&restore[..], &["--dry-run"]].concat());
    assert!(counted.contains(&format!("{deleted} missing, ")), "{counted}");
    assert_eq!(status(&stack, &key, cases[0]).await, 404, "a dry run writes nothing");

    let copied = stack.xtask(&[&restore[..], &["--max-rate", "1000"]].concat());
    assert!(
        copied.contains(&format!("{deleted} put, 0 replaced, 0 left")),
        "{copied}"
    );
    for case in cases.iter().chain([&later]) {
        assert_eq!(status(&stack, &key, *case).await, 200);
    }
    let again = stack.xtask(&restore);
    assert!(again.contains("0 missing, ") && again.contains("0 put, "), "{again}");
    let audit = stack.rows("integrationLog", "pk", "RESTORE#cases").await;
    let own = audit.iter().filter(|row| row["from"]["S"] == restored.as_str());
    let missing: Vec<&str> = own.map(|row| row["missing"]["N"].as_str().unwrap()).collect();
    assert_eq!(missing, [deleted.to_string().as_str(), "0"]);
    dynamo(&stack, "DeleteTable", json!({ "TableName": restored })).await;
}
