//! The dead-letter queue, its source queue, and the table with the audit of moved messages.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::message::DeadMessage;
use crate::aws::Aws;
use crate::failure::{Context, Result};
use crate::session::AUDIT_RETENTION;

/// SQS's limit of messages in one request.
pub const BATCH: usize = 10;
/// Bytes in one request: below the 256 KiB that SQS used to allow.
const MAX_BATCH_BYTES: usize = 200 * 1024;
/// Time in which no other consumer receives a message that this tool has received.
const VISIBILITY_SECONDS: u32 = 120;
/// Long polling: a receive without a wait asks only some of SQS's servers.
const WAIT_SECONDS: u32 = 1;

/// The operations that a redrive needs. Tests replace SQS.
pub trait Queue {
    /// Receives up to `limit` dead messages, at most [`BATCH`].
    fn receive(&self, limit: usize) -> Result<Vec<DeadMessage>>;
    /// Sends messages to the source queue. Returns the ids of those that SQS accepted.
    fn send(&self, messages: &[DeadMessage]) -> Result<BTreeSet<String>>;
    fn delete(&self, messages: &[DeadMessage]) -> Result<()>;
    /// Makes received messages visible again at once.
    fn release(&self, messages: &[DeadMessage]) -> Result<()>;
    /// Writes an audit row before the messages are moved.
    fn record(&self, messages: &[DeadMessage]) -> Result<()>;
}

/// One queue and its dead-letter queue.
pub struct Sqs<'a> {
    pub aws: &'a Aws,
    pub name: &'a str,
    pub queue: &'a str,
    pub dead: &'a str,
    /// The integration log, where the audit has its own partition.
    pub table: &'a str,
    /// The operator's ARN.
    pub operator: String,
}

impl Queue for Sqs<'_> {
    fn receive(&self, limit: usize) -> Result<Vec<DeadMessage>> {
        let input = json!({
            "QueueUrl": self.dead, "MaxNumberOfMessages": limit.min(BATCH), "VisibilityTimeout": VISIBILITY_SECONDS,
            "WaitTimeSeconds": WAIT_SECONDS, "MessageAttributeNames": ["reason"],
            "MessageSystemAttributeNames": ["SentTimestamp"],
        });
        let answer = self.aws.call_with_input("sqs receive-message", &input)?;
        let messages = answer.get("Messages").and_then(Value::as_array);
        let read = |message| DeadMessage::read(message).context("SQS sent a message without id, receipt, body or time");
        messages.into_iter().flatten().map(read).collect()
    }

    fn send(&self, messages: &[DeadMessage]) -> Result<BTreeSet<String>> {
        let bytes: usize = messages.iter().map(|message| message.body.len()).sum();
        let mut sent = BTreeSet::new();
        for some in messages.chunks(if bytes > MAX_BATCH_BYTES { 1 } else { BATCH }) {
            // Without the attributes: they hold the reason of the earlier failure.
            let body = |message: &DeadMessage| json!({"MessageBody": message.body});
            let answer = self.batch("sqs send-message-batch", self.queue, some, body)?;
            let entries = answer.get("Successful").and_then(Value::as_array);
            let index = |entry: &Value| entry.get("Id")?.as_str()?.parse::<usize>().ok();
            let accepted = entries
                .into_iter()
                .flatten()
                .filter_map(|entry| some.get(index(entry)?));
            sent.extend(accepted.map(|message| message.id.clone()));
        }
        Ok(sent)
    }

    fn delete(&self, messages: &[DeadMessage]) -> Result<()> {
        let receipt = |message: &DeadMessage| json!({"ReceiptHandle": message.receipt});
        self.batch("sqs delete-message-batch", self.dead, messages, receipt)
            .map(drop)
    }

    fn release(&self, messages: &[DeadMessage]) -> Result<()> {
        for some in messages.chunks(BATCH) {
            let visible = |message: &DeadMessage| json!({"ReceiptHandle": message.receipt, "VisibilityTimeout": 0});
            self.batch("sqs change-message-visibility-batch", self.dead, some, visible)?;
        }
        Ok(())
    }

    fn record(&self, messages: &[DeadMessage]) -> Result<()> {
        let Some(first) = messages.first() else { return Ok(()) };
        let ids: Vec<_> = messages.iter().map(|message| json!({"S": message.id})).collect();
        let now = Timestamp::now();
        let end = now.as_second().saturating_add(AUDIT_RETENTION);
        let row = json!({
            "pk": {"S": format!("REDRIVE#{}", self.name)},
            "sk": {"S": format!("{now:.6}#{}", first.id)},
            "operator": {"S": self.operator}, "messages": {"L": ids}, "ttl": {"N": end.to_string()},
        });
        let put = json!({"TableName": self.table, "Item": row});
        self.aws.call_with_input("dynamodb put-item", &put).map(drop)
    }
}

impl Sqs<'_> {
    /// One batch request. An entry's id is its index.
    fn batch(
        &self,
        operation: &str,
        url: &str,
        messages: &[DeadMessage],
        entry: impl Fn(&DeadMessage) -> Value,
    ) -> Result<Value> {
        if messages.is_empty() {
            return Ok(Value::Null);
        }
        let entries: Vec<Value> = messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                let mut members = Map::from_iter([("Id".to_owned(), index.to_string().into())]);
                members.extend(entry(message).as_object().cloned().unwrap_or_default());
                Value::Object(members)
            })
            .collect();
        self.aws.call_with_input(
            operation,
            &json!
({"QueueUrl": url, "Entries": entries}),
        )
    }
}
