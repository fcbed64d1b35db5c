//! The write units of a request, by DynamoDB's published rules for the size of an item.

use serde_json::Value;

use crate::fixture::LOG_TABLE;

const UNIT: usize = 1024;

/// The write units of one request; `operation` is as `X-Amz-Target` names it. Leaves out the units of a larger item that
/// a write replaces: rows only grow.
pub fn write_units(operation: &str, body: &Value) -> u32 {
    match operation {
        "PutItem" => put(body),
        "UpdateItem" | "DeleteItem" => 1,
        "TransactWriteItems" => {
            let writes = body
                .get("TransactItems")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            2 * writes.map(|write| write.get("Put").map_or(1, put)).sum::<u32>()
        }
        "BatchWriteItem" => {
            let tables = body
                .get("RequestItems")
                .and_then(Value::as_object)
                .into_iter()
                .flatten();
            tables
                .flat_map(|(table, writes)| {
                    let writes = writes.as_array().into_iter().flatten();
                    writes.map(move |write| {
                        write
                            .pointer("/PutRequest/Item")
                            .map_or(1, |item| item_units(table, item))
                    })
                })
                .sum()
        }
        _ => 0,
    }
}

fn put(body: &Value) -> u32 {
    let table = body.get("TableName").and_then(Value::as_str).unwrap_or_default();
    body.get("Item").map_or(1, |item| item_units(table, item))
}

fn item_units(table: &str, item: &Value) -> u32 {
    let units = u32::try_from(members(item).div_ceil(UNIT)).unwrap_or(u32::MAX).max(1);
    units + u32::from(table == LOG_TABLE)
}

/// Names and values of an object of attributes.
fn members(item: &Value) -> usize {
    let members = item.as_object().into_iter().flatten();
    members.map(|(name, value)| name.len() + size(value)).sum()
}

/// One attribute value, `{"S": "text"}`.
fn size(attribute: &Value) -> usize {
    let Some((kind, value)) = attribute.as_object().and_then(|object| object.iter().next()) else {
        return 0;
    };
    let text = || value.as_str().map_or(0, str::len);
    match kind.as_str() {
        "S" => text(),
        "N" => text().div_ceil(2) + 1,
        "B" => text() * 3 / 4,
        "M" => 3 + value.as_object().map_or(0, |object| object.len()) + members(value),
        "L" => {
            let elements = value.as_array().into_iter().flatten();
            3 + elements.map(|element| 1 + size(element)).sum::<usize>()
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn units_grow_with_the_size_and_the_index() {
        let item = |length| json!({"pk": {"S": "x".repeat(length)}});
        assert_eq!(
            write_units("PutItem", &json!({"TableName": "quotes", "Item": item(1022)})),
            1
        );
        assert_eq!(
            write_units("PutItem", &json!({"TableName": "quotes", "Item": item(1023)})),
            2
        );
        let log = json!({"RequestItems": {LOG_TABLE: [{"PutRequest": {"Item": item(10)}}]}});
        assert_eq!(write_units("BatchWriteItem", &log), 2);
        let both = json!({"TransactItems": [
            {"Put": {"TableName": "quotes", "Item": item(10)}}, {"Put": {"TableName": "idempotency", "Item": item(1500)}},
        ]});
        assert_eq!(write_units("TransactWriteItems", &both), 6);
    }

    #[test]
    fn attributes_have_their_documented_sizes() {
        assert_eq!(size(&json!({"N": "1234"})), 3);
        assert_eq!(size(&json!({"BOOL": true})), 1);
        assert_eq!(size(&json!({"M": {"ab": {"S": "cd"}}})), 3 + 1 + 4);
        assert_eq!(size(&json!({"L": [{"S": "cd"}]})), 3 + 1 + 2);
    }
}
