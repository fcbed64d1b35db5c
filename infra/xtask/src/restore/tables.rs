//! The restored table, the stage's table, and the log with the audit.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::plan::{Counts, RowWrite};
use crate::aws::Aws;
use crate::failure::{Context, Result};
use crate::session::{AUDIT_RETENTION, Session};

/// DynamoDB reads so many rows by their keys at once. The command line reads further pages by itself unless it must not.
const PAGE_ROWS: usize = 100;

/// Rows of the restored table, and where the next page begins.
pub struct RestoredPage {
    pub rows: Vec<Value>,
    pub last: Option<Value>,
}

/// The operations that a restore needs. Tests replace DynamoDB.
pub trait Tables {
    /// The restored rows after this key.
    fn page(&self, after: Option<&Value>) -> Result<RestoredPage>;
    /// The stage's rows under the keys of these rows, in their order.
    fn current(&self, rows: &[Value]) -> Result<Vec<Option<Value>>>;
    /// Writes all of these or none. False if one was not as it was compared.
    fn write(&self, writes: &[RowWrite]) -> Result<bool>;
    /// Writes an audit row before the copy.
    fn record(&self, counts: &Counts, replace: bool) -> Result<()>;
}

pub struct DynamoTables<'a> {
    aws: &'a Aws,
    /// The table's name in stack.json.
    name: &'a str,
    table: &'a str,
    from: &'a str,
    /// The names of the key's members.
    key: Vec<String>,
    /// The integration log, where the audit has its own partition.
    log: &'a str,
    /// The operator's ARN.
    operator: String,
}

impl<'a> DynamoTables<'a> {
    /// Fails if the restored table is the stage's own, or has other keys.
    pub fn open(session: &'a Session, name: &'a str, table: &'a str, from: &'a str) -> Result<Self> {
        if from == table {
            return Err(format!("{from} is the stage's own table").into());
        }
        let aws = &session.aws;
        let key = key_schema(aws, table)?;
        if key_schema(aws, from)? != key {
            return Err(format!("{from} has other keys than {name}").into());
        }
        Ok(Self {
            aws,
            name,
            table,
            from,
            key: key.into_keys().collect(),
            log: session.output("TableIntegrationLog")?,
            operator: session.operator()?,
        })
    }

    fn key_of(&self, row: &Value) -> Value {
        let members = self
            .key
            .iter()
            .map(|name| (name.clone(), row.get(name).cloned().unwrap_or_default()));
        Value::Object(members.collect())
    }
}

/// The names of a table's key members, each with its role.
fn key_schema(aws: &Aws, table: &str) -> Result<BTreeMap<String, String>> {
    let described = aws.call("dynamodb describe-table", &[("table-name", table)])?;
    let schema = described.pointer("/Table/KeySchema").and_then(Value::as_array);
    let text = |member: &Value, name: &str| member.get(name)?.as_str().map(str::to_owned);
    let members = schema.context(format!("{table} has no keys"))?.iter();
    Ok(members
        .filter_map(|member| Some((text(member, "AttributeName")?, text(member, "KeyType")?)))
        .collect())
}

impl Tables for DynamoTables<'_> {
    fn page(&self, after: Option<&Value>) -> Result<RestoredPage> {
        let mut input = json!({ "TableName": self.from, "Limit": PAGE_ROWS, "ConsistentRead": true });
        if let (Some(after), Some(members)) = (after, input.as_object_mut()) {
            members.insert("ExclusiveStartKey".to_owned(), after.clone());
        }
        let answer = self.aws.call_with_input("dynamodb scan --no-paginate", &input)?;
        let rows = answer.get("Items").and_then(Value::as_array);
        Ok(RestoredPage {
            rows: rows.context("DynamoDB returned no rows")?.clone(),
            last: answer.get("LastEvaluatedKey").cloned(),
        })
    }

    fn current(&self, rows: &[Value]) -> Result<Vec<Option<Value>>> {
        let mut found: BTreeMap<String, Value> = BTreeMap::new();
        let keys: Vec<Value> = rows.iter().map(|row| self.key_of(row)).collect();
        let mut wanted = json!({ self.table: { "Keys": keys, "ConsistentRead": true } });
        while !rows.is_empty() {
            let input = json!({ "RequestItems": wanted });
            let answer = self.aws.call_with_input("dynamodb batch-get-item", &input)?;
            let rows = answer.get("Responses").and_then(|responses| responses.get(self.table));
            let rows = rows.and_then(Value::as_array).into_iter().flatten();
            found.extend(rows.map(|row| (self.key_of(row).to_string(), row.clone())));
            // DynamoDB answers 16 MB at most.
            let left = answer.get("UnprocessedKeys").and_then(Value::as_object);
            let Some(left) = left.filter(|left| !left.is_empty()) else {
                break;
            };
            wanted = Value::Object(left.clone());
        }
        Ok(keys.iter().map(|key| found.remove(&key.to_string())).collect())
    }

    fn write(&self, writes: &[RowWrite]) -> Result<bool> {
        let puts: Vec<Value> = writes.iter().map(|write| write.put(self.table)).collect();
        let input = json!({ "TransactItems": puts });
        match self.aws.call_with_input("dynamodb transact-write-items", &input) {
            Ok(_) => Ok(true),
            Err(failure) if is_refusal(&failure.to_string()) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    fn record(&self, counts: &Counts, replace: bool) -> Result<()> {
        let now = Timestamp::now();
        let number = |number: i64| json!({ "N": number.to_string() });
        let count = |count: usize| json!({ "N": count.to_string() });
        let row = Map::from_iter([
            ("pk".to_owned(), json!({ "S": format!("RESTORE#{}", self.name) })),
            ("sk".to_owned(), json!({ "S": format!("{now:.6}") })),
            ("operator".to_owned(), json!({ "S": self.operator })),
            ("from".to_owned(), json!({ "S": self.from })),
            ("replace".to_owned(), json!({ "BOOL": replace })),
            ("missing".to_owned(), count(counts.missing)),
            ("differs".to_owned(), count(counts.differs)),
            (
                "ttl".to_owned(),
                number(now.as_second().saturating_add(AUDIT_RETENTION)),
            ),
        ]);
        let put = json!({ "TableName": self.log, "Item": row });
        self.aws.call_with_input("dynamodb put-item", &put).map(drop)
    }
}

/// Whether a row was not as it was compared, or the hub wrote it at that moment.
pub(super) fn is_refusal(failure: &str) -> bool {
    let reasons = ["ConditionalCheckFailed", "TransactionConflict"];
    reasons.iter().any(|reason| failure.contains(reason))
}
