//! What becomes of each restored row.

use serde_json::{Value, json};

/// DynamoDB takes 100 rows in a transaction. Fewer are refused together if one of them changes meanwhile.
const MAX_ROWS: usize = 25;
/// Bytes in a transaction: DynamoDB takes 4 MB, and a row's condition can be as large as the row.
const MAX_BYTES: usize = 1_500_000;

/// A restored row beside the stage's row of the same key.
#[derive(Debug, PartialEq)]
pub enum Comparison {
    /// The stage has no such row, or one that has expired.
    Missing {
        row: Value,
        expired: Option<Value>,
    },
    Equal,
    Differs {
        row: Value,
        current: Value,
    },
    /// The restored row has expired.
    Expired,
}

/// Whether the `ttl` of a row has passed.
fn has_expired(row: &Value, now: i64) -> bool {
    let ttl = row.pointer("/ttl/N").and_then(Value::as_str);
    ttl.and_then(|ttl| ttl.parse::<i64>().ok())
        .is_some_and(|ttl| ttl <= now)
}

/// Whether the row counts the cases.
fn is_counter(row: &Value) -> bool {
    row.pointer("/pk/S").and_then(Value::as_str) == Some("COUNTER")
}

pub fn compare(row: Value, current: Option<Value>, now: i64) -> Comparison {
    if has_expired(&row, now) {
        return Comparison::Expired;
    }
    match current {
        None => Comparison::Missing { row, expired: None },
        Some(current) if has_expired(&current, now) => Comparison::Missing {
            row,
            expired: Some(current),
        },
        Some(current) if current == row => Comparison::Equal,
        Some(current) => Comparison::Differs { row, current },
    }
}

impl Comparison {
    /// The write that restores the row, if there is one.
    pub fn into_write(self, replace: bool) -> Option<RowWrite> {
        match self {
            Self::Missing { row, expired } => Some(RowWrite {
                row,
                expired,
                before: None,
            }),
            // The hub would give numbers again that it has given since.
            Self::Differs { row, .. } if is_counter(&row) => None,
            Self::Differs { row, current } if replace => Some(RowWrite {
                row,
                expired: None,
                before: Some(current),
            }),
            _ => None,
        }
    }
}

/// How many rows there are of each kind.
#[derive(Debug, Default, PartialEq)]
pub struct Counts {
    pub missing: usize,
    pub equal: usize,
    pub differs: usize,
    pub expired: usize,
}

impl Counts {
    pub fn add(&mut self, row: &Comparison) {
        match row {
            Comparison::Missing { .. } => self.missing += 1,
            Comparison::Equal => self.equal += 1,
            Comparison::Differs { .. } => self.differs += 1,
            Comparison::Expired => self.expired += 1,
        }
    }

    pub fn line(&self) -> String {
        format!(
            "{} missing, {} differ, {} equal, {} expired",
            self.missing, self.differs, self.equal, self.expired
        )
    }
}

/// A row to write, on the condition that the stage's row is as it was compared.
#[derive(Debug, PartialEq)]
pub struct RowWrite {
    pub row: Value,
    /// The stage's row that has expired and is still there.
    expired: Option<Value>,
    /// The stage's row that is replaced.
    pub before: Option<Value>,
}

impl RowWrite {
    /// An item of a transaction.
    pub fn put(&self, table: &str) -> Value {
        let mut put = json!({ "TableName": table, "Item": self.row });
        let Some(found) = self.before.as_ref().or(self.expired.as_ref()) else {
            set(&mut put, "ConditionExpression", json!("attribute_not_exists(pk)"));
            return json!({ "Put": put });
        };
        let members: Vec<_> = found.as_object().into_iter().flatten().collect();
        let same: Vec<String> = (0..members.len()).map(|n| format!("#m{n} = :v{n}")).collect();
        let names: Value = (0..)
            .zip(&members)
            .map(|(n, (name, _))| (format!("#m{n}"), json!(name)))
            .collect();
        let values: Value = (0..)
            .zip(&members)
            .map(|(n, (_, value))| (format!(":v{n}"), (*value).clone()))
            .collect();
        set(&mut put, "ConditionExpression", json!(same.join(" AND ")));
        set(&mut put, "ExpressionAttributeNames", names);
        set(&mut put, "ExpressionAttributeValues", values);
        json!({ "Put": put })
    }

    fn bytes(&self) -> usize {
        let found = self.before.as_ref().or(self.expired.as_ref());
        self.row.to_string().len() + found.map_or(0, |found| found.to_string().len())
    }
}

fn set(of: &mut Value, member: &str, value: Value) {
    if let Some(members) = of.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}

/// The writes in transactions, none of which has more rows than may be written in a second.
pub fn chunks(mut writes: &[RowWrite], rate: u32) -> Vec<&[RowWrite]> {
    let most = usize::try_from(rate).unwrap_or(MAX_ROWS).min(MAX_ROWS);
    let mut chunks = Vec::new();
    while !writes.is_empty() {
        let mut bytes = 0;
        let fitting = writes.iter().take(most).take_while(|write| {
            bytes += write.bytes();
            bytes <= MAX_BYTES
        });
        let (chunk, rest) = writes.split_at(fitting.count().max(1));
        chunks.push(chunk);
        writes = rest;
    }
    chunks
}
