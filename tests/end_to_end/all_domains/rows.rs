//! Every row that the hub has written has an end, unless docs/data.md lists its kind as one without.

use serde_json::{Value, json};

use crate::lock::Domain;
use crate::retention::endless;
use crate::stack::Stack;

/// Tables whose names on the stack differ from those in the documents.
const NAMES: [(&str, &str); 2] = [("mmob", "orders"), ("deliveries", "deliverylog")];
/// What the tests of the store itself write.
const OF_TESTS: &str = "TEST#";

#[tokio::test]
async fn every_row_has_an_end_or_is_of_a_kind_that_has_none() {
    let stack = Stack::shared(&[Domain::Operations]).await;
    let (endless, mut seen) = (endless(), 0);
    let tables = stack.description["tables"].as_object().unwrap().clone();
    for (table, name) in tables {
        let documented = NAMES.iter().find(|(known, _)| *known == table);
        let documented = documented.map_or(table.to_lowercase(), |(_, name)| (*name).to_owned());
        let kinds = endless.get(&documented).cloned().unwrap_or_default();
        let mut input = json!({ "TableName": name, "FilterExpression": "attribute_not_exists(#ttl)",
            "ExpressionAttributeNames": { "#ttl": "ttl" } });
        loop {
            let found = stack.service("dynamodb", "DynamoDB_20120810.Scan", input.clone()).await;
            for row in found["Items"].as_array().unwrap() {
                let key = row["pk"]["S"].as_str().unwrap();
                let is_listed = kinds.iter().any(|kind| key.starts_with(kind.as_str())) || key.starts_with(OF_TESTS);
                assert!(is_listed, "{table} {key}: {}", members(row));
            }
            seen += found["ScannedCount"].as_u64().unwrap();
            let Some(last) = found.get("LastEvaluatedKey") else {
                break;
            };
            input["ExclusiveStartKey"] = last.clone();
        }
    }
    assert!(seen > 0, "no table has a row");
}

/// The names of a row's members, because its values may be personal.
fn members(row: &Value) -> String {
    row.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(", ")
}
