//! DynamoDB as the functions meet it here: these rows exist, every write succeeds, and whoever counts is the first.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::event::{API_KEY, CHANNEL};

/// The table of cases and of the channels that they come from.
pub const CASES: &str = "cases";

#[derive(Clone)]
pub struct Rows(Vec<Row>);

#[derive(Clone)]
struct Row {
    table: &'static str,
    item: Value,
}

impl Rows {
    pub fn new() -> Self {
        Self(vec![Row {
            table: CASES,
            item: channel(),
        }])
    }

    /// The answer to one request, as `X-Amz-Target` names it.
    pub fn answer(&self, operation: &str, body: &Value) -> Bytes {
        match operation {
            "BatchWriteItem" => Bytes::from_static(br#"{"UnprocessedItems":{}}"#),
            "Query" => Bytes::from_static(br#"{"Count":0,"Items":[],"ScannedCount":0}"#),
            "UpdateItem" => Bytes::from_static(br#"{"Attributes":{"count":{"N":"1"}}}"#),
            "GetItem" => match self.find(body) {
                Some(row) => json!({"Item": row.item}).to_string().into(),
                None => Bytes::from_static(b"{}"),
            },
            _ => Bytes::from_static(b"{}"),
        }
    }

    fn find(&self, body: &Value) -> Option<&Row> {
        let (table, key) = (body.get("TableName")?, body.get("Key")?.as_object()?);
        let is = |row: &&Row| *table == row.table && key.iter().all(|(name, value)| row.item.get(name) == Some(value));
        self.0.iter().find(is)
    }
}

/// The channel that creates cases, of which the table has a hash of the key.
fn channel() -> Value {
    let hash = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, API_KEY.as_bytes()));
    let numbers = |codes: &[&str]| codes.iter().map(|code| json!({"N": code})).collect::<Vec<_>>();
    json!({
        "pk": {"S": format!("CHANNEL#{CHANNEL}")}, "sk": {"S": "CHANNEL"},
        "name": {"S": CHANNEL}, "keyHash": {"S": hash}, "revision": {"N": "1"},
        "roles": {"L": [{"S": "case.write"}]},
        "allowedDealerCodes": {"L": numbers(&["808"])},
        "allowedBrandCodes": {"L": numbers(&["10"])},
        "allowedAgreements": {"L": numbers(&["3700"])},
        "createdAt": {"S": "2026-01-05T10:00:00Z"}, "updatedAt": {"S": "2026-01-05T10:00:00Z"},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_by_its_table_and_key_alone() {
        let ask = |table: &str, pk: &str| {
            let key = json!({"pk": {"S": pk}, "sk": {"S": "CHANNEL"}});
            let answer = Rows::new().answer("GetItem", &json!({"TableName": table, "Key": key}));
            serde_json::from_slice::<Value>(&answer).unwrap()["Item"]["name"].clone()
        };
        assert_eq!(ask(CASES, "CHANNEL#bench"), json!({"S": "bench"}));
        assert_eq!(ask(CASES, "CHANNEL#other"), Value::Null);
        assert_eq!(ask("quotes", "CHANNEL#bench"), Value::Null);
    }
}
