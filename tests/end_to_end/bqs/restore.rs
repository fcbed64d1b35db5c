//! Rows that were deleted come back from a table that AWS restored under another name. Those of an erased case come back too, and
//! the erasures that the command reopens delete them again.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::upstream::settled_rows;
use crate::lock::Domain::Bqs;
use crate::stack::Stack;

/// A case has four rows or so, and the command reads 100 in a page.
const CASES: usize = 40;

async fn dynamo(stack: &Stack, operation: &str, input: Value) -> Value {
    stack
        .service("dynamodb", &format!("DynamoDB_20120810.{operation}"), input)
        .await
}

/// The status of a case for its channel.
async fn status(stack: &Stack, key: &str, case: i64) -> u16 {
    let path = format!("/v1/bqs-case/case/{case}");
    stack.send_with_key(Method::GET, &path, key, None).await.status
}

async fn rows(stack: &Stack, case: i64) -> Vec<Value> {
    stack.rows("cases", "pk", &format!("CASE#{case}")).await
}

/// Runs the erasures until the case has no row.
async fn erased(stack: &Stack, case: i64) {
    for _ in 0..30 {
        stack.invoke("bqs-erase", &json!({})).await;
        if rows(stack, case).await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the case is not erased");
}

#[tokio::test]
async fn deleted_cases_come_back_and_an_erased_one_does_not_stay() {
    let stack = Stack::exclusive(&[Bqs]).await;
    let key = stack.channel(&["case.write", "case.read"], &[808]).await.key;
    let mut cases = Vec::new();
    for _ in 0..CASES {
        cases.push(stack.case(&key, 808).await);
    }
    // The forwarder has written its last row about them.
    settled_rows(&stack).await;
    let mut stored = Vec::new();
    for case in &cases {
        stored.extend(rows(&stack, *case).await);
    }
    let (table, restored) = (
        stack.text("/tables/cases"),
        format!("restored-{}", uuid::Uuid::new_v4()),
    );
    let input = json!({ "SourceTableName": table, "TargetTableName": restored, "UseLatestRestorableTime": true });
    dynamo(&stack, "RestoreTableToPointInTime", input).await;

    let person = cases[0];
    stack.xtask(&["erase", "--case", &person.to_string()]);
    erased(&stack, person).await;
    for row in &stored {
        let gone = json!({ "TableName": table, "Key": { "pk": row["pk"], "sk": row["sk"] } });
        dynamo(&stack, "DeleteItem", gone).await;
    }
    let later = stack.case(&key, 808).await;
    let restore = ["restore", "--table", "cases", "--from", restored.as_str()];
    let counted = stack.xtask(&[&restore[..], &["--dry-run"]].concat());
    assert!(counted.contains(&format!("{} missing, ", stored.len())), "{counted}");
    assert_eq!(status(&stack, &key, cases[1]).await, 404, "a dry run writes nothing");

    let copied = stack.xtask(&[&restore[..], &["--max-rate", "1000"]].concat());
    let put = format!("{} put, 0 replaced, 0 left", stored.len());
    assert!(copied.contains(&put) && copied.contains(" reopened"), "{copied}");
    erased(&stack, person).await;
    assert_eq!(status(&stack, &key, person).await, 404);
    for case in cases[1..].iter().chain([&later]) {
        assert_eq!(status(&stack, &key, *case).await, 200);
    }
    let audit = stack.rows("integrationLog", "pk", "RESTORE#cases").await;
    let own = audit.iter().filter(|row| row["from"]["S"] == restored.as_str());
    let missing: Vec<&str> = own.map(|row| row["missing"]["N"].as_str().unwrap()).collect();
    assert_eq!(
        missing,
        [stored.len().to_string().as_str()],
        "a dry run leaves no audit"
    );
    dynamo(&stack, "DeleteTable", json!({ "TableName": restored })).await;
}
