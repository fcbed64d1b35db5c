//! Where dead messages lie and where they go: SQS, and the table that remembers who moved them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::letter::Letter;
use crate::aws::Aws;
use crate::failure::{Context, Result};

/// Of one request to SQS.
pub const BATCH: usize = 10;
/// Bytes of one request, of which SQS once took 256 KiB.
const FULL: usize = 200 * 1024;
/// Seconds for which nobody else sees what was received; then it is there again.
const VISIBILITY: u32 = 120;
/// Seconds to wait for a message: who does not wait is told of some servers' messages only.
const WAIT: u32 = 1;

/// What moving messages takes.
pub trait Post {
    /// Some of the dead ones, at most [`BATCH`].
    fn receive(&self, most: usize) -> Result<Vec<Letter>>;
    /// Puts them before a worker again; says which of them, by id, have arrived there.
    fn send(&self, letters: &[Letter]) -> Result<BTreeSet<String>>;
    fn delete(&self, letters: &[Letter]) -> Result<()>;
    /// Lets others see them again at once.
    fn release(&self, letters: &[Letter]) -> Result<()>;
    /// Remembers for good that these are about to be moved.
    fn record(&self, letters: &[Letter]) -> Result<()>;
}

/// One queue and its dead-letter queue.
pub struct Sqs<'a> {
    pub aws: &'a Aws<'a>,
    pub name: &'a str,
    pub queue: &'a str,
    pub dead: &'a str,
    /// The log of partner calls, in which an audit has a partition of its own.
    pub table: &'a str,
    /// Who does it, as AWS knows them.
    pub operator: String,
}

impl Post for Sqs<'_> {
    fn receive(&self, most: usize) -> Result<Vec<Letter>> {
        let ask = json!({
            "QueueUrl": self.dead, "MaxNumberOfMessages": most.min(BATCH), "VisibilityTimeout": VISIBILITY,
            "WaitTimeSeconds": WAIT, "MessageAttributeNames": ["reason"],
            "MessageSystemAttributeNames": ["SentTimestamp"],
        });
        let answer = self.aws.ask("sqs receive-message", &ask)?;
        let messages = answer.get("Messages").and_then(Value::as_array);
        let read = |message| Letter::read(message).context("SQS sent a message that cannot be read");
        messages.into_iter().flatten().map(read).collect()
    }

    fn send(&self, letters: &[Letter]) -> Result<BTreeSet<String>> {
        let bytes: usize = letters.iter().map(|letter| letter.body.len()).sum();
        let mut sent = BTreeSet::new();
        for some in letters.chunks(if bytes > FULL { 1 } else { BATCH }) {
            // Their attributes say how they died, which they have now not.
            let body = |letter: &Letter| json!({"MessageBody": letter.body});
            let answer = self.batch("sqs send-message-batch", self.queue, some, body)?;
            let entries = answer.get("Successful").and_then(Value::as_array);
            let index = |entry: &Value| entry.get("Id")?.as_str()?.parse::<usize>().ok();
            let arrived = entries
                .into_iter()
                .flatten()
                .filter_map(|entry| some.get(index(entry)?));
            sent.extend(arrived.map(|letter| letter.id.clone()));
        }
        Ok(sent)
    }

    fn delete(&self, letters: &[Letter]) -> Result<()> {
        let receipt = |letter: &Letter| json!({"ReceiptHandle": letter.receipt});
        self.batch("sqs delete-message-batch", self.dead, letters, receipt)
            .map(drop)
    }

    fn release(&self, letters: &[Letter]) -> Result<()> {
        for some in letters.chunks(BATCH) {
            let now = |letter: &Letter| json!({"ReceiptHandle": letter.receipt, "VisibilityTimeout": 0});
            self.batch("sqs change-message-visibility-batch", self.dead, some, now)?;
        }
        Ok(())
    }

    fn record(&self, letters: &[Letter]) -> Result<()> {
        let Some(first) = letters.first() else { return Ok(()) };
        let ids: Vec<_> = letters.iter().map(|letter| json!({"S": letter.id})).collect();
        let row = json!({
            "pk": {"S": format!("REDRIVE#{}", self.name)},
            "sk": {"S": format!("{:.6}#{}", Timestamp::now(), first.id)},
            "operator": {"S": self.operator}, "messages": {"L": ids},
        });
        let put = json!({"TableName": self.table, "Item": row});
        self.aws.ask("dynamodb put-item", &put).map(drop)
    }
}

impl Sqs<'_> {
    /// One request about several messages, each under its index.
    fn batch(&self, operation: &str, url: &str, letters: &[Letter], entry: impl Fn(&Letter) -> Value) -> Result<Value> {
        if letters.is_empty() {
            return Ok(Value::Null);
        }
        let entries: Vec<Value> = letters
            .iter()
            .enumerate()
            .map(|(index, letter)| {
                let mut members = Map::from_iter([("Id".to_owned(), index.to_string().into())]);
                members.extend(entry(letter).as_object().cloned().unwrap_or_default());
                Value::Object(members)
            })
            .collect();
        self.aws.ask(operation, &json!({"QueueUrl": url, "Entries": entries}))
    }
}
