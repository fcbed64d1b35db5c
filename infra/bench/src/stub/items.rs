//! DynamoDB: these items exist, every write succeeds, and every counter stands at 1.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::fixture::{API_KEY, CHANNEL, CHANNELS_TABLE};

#[derive(Clone)]
pub struct Items(Vec<Item>);

#[derive(Clone)]
struct Item {
    table: &'static str,
    attributes: Value,
}

impl Items {
    pub fn new() -> Self {
        Self(vec![Item {
            table: CHANNELS_TABLE,
            attributes: channel(),
        }])
    }

    /// The answer to one request, as `X-Amz-Target` names it.
    pub fn answer(&self, operation: &str, body: &Value) -> Bytes {
        match operation {
            "BatchWriteItem" => Bytes::from_static(br#"{"UnprocessedItems":{}}"#),
            "Query" => Bytes::from_static(br#"{"Count":0,"Items":[],"ScannedCount":0}"#),
            "UpdateItem" => Bytes::from_static(br#"{"Attributes":{"count":{"N":"1"}}}"#),
            "GetItem" => match self.find(body) {
                Some(item) => json!({"Item": item.attributes}).to_string().into(),
                None => Bytes::from_static(b"{}"),
            },
            _ => Bytes::from_static(b"{}"),
        }
    }

    fn find(&self, body: &Value) -> Option<&Item> {
        let (table, key) = (body.get("TableName")?, body.get("Key")?.as_object()?);
        self.0.iter().find(|item| {
            let has_key = || key.iter().all(|(name, value)| item.attributes.get(name) == Some(value));
            *table == item.table && has_key()
        })
    }
}

/// The channel that creates cases. Its item has a hash of the API key.
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
    fn an_item_is_found_by_its_table_and_key_only() {
        let name = |table: &str, pk: &str| {
            let key = json!({"pk": {"S": pk}, "sk": {"S": "CHANNEL"}});
            let answer = Items::new().answer("GetItem", &json!({"TableName": table, "Key": key}));
            serde_json::from_slice::<Value>(&answer).unwrap()["Item"]["name"].clone()
        };
        assert_eq!(name(CHANNELS_TABLE, "CHANNEL#bench"), json!({"S": "bench"}));
        assert_eq!(name(CHANNELS_TABLE, "CHANNEL#other"), Value::Null);
        assert_eq!(name("quotes", "CHANNEL#bench"), Value::Null);
    }
}
