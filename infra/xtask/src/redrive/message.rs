//! A message of a dead-letter queue, and the part of it that an operator may see.

use serde_json::Value;

/// The reason of a message that SQS moved, not a function.
const RECEIVED_TOO_OFTEN: &str = "received too often";
/// The hub's own ids are shorter.
const MAX_ID_LENGTH: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct DeadMessage {
    pub id: String,
    /// The handle for deleting or releasing the message. Each receive gives a new one.
    pub receipt: String,
    pub body: String,
    /// When the message was first sent, in milliseconds since the epoch. SQS keeps this time when it moves the message.
    pub sent: i64,
    pub reason: Option<String>,
}

impl DeadMessage {
    /// Reads a message of SQS's answer.
    pub fn read(message: &Value) -> Option<Self> {
        let text = |pointer: &str| message.pointer(pointer)?.as_str().map(str::to_owned);
        Some(Self {
            id: text("/MessageId")?,
            receipt: text("/ReceiptHandle")?,
            body: text("/Body")?,
            sent: text("/Attributes/SentTimestamp")?.parse().ok()?,
            reason: text("/MessageAttributes/reason/StringValue"),
        })
    }

    /// The line that an operator sees. Of the body it shows only ids, because the rest may be personal data.
    pub fn line(&self, now: i64) -> String {
        let reason = self.reason.as_deref().unwrap_or(RECEIVED_TOO_OFTEN);
        let age = age(now.saturating_sub(self.sent) / 1000);
        format!("{}  {age:>6}  {reason}  {}", self.id, ids(&self.body))
    }
}

fn ids(body: &str) -> String {
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return "(not a JSON object)".to_owned();
    };
    let named = |name: &str| name == "id" || name.ends_with("Id") || name == "sequence";
    let found = members.iter().filter(|(name, _)| named(name));
    let shown: Vec<_> = found
        .filter_map(|(name, value)| Some(format!("{name}={}", id(value)?)))
        .collect();
    shown.join(" ")
}

/// A poison message can hold any text in an id member, so only plain ids are shown.
fn id(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ((1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

fn age(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn dead_message(body: &str, reason: Option<&str>) -> DeadMessage {
        let mut message = json!({
            "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": body, "Attributes": {"SentTimestamp": "1000"},
        });
        if let Some(reason) = reason {
            message["MessageAttributes"] = json!({"reason": {"StringValue": reason, "DataType": "String"}});
        }
        DeadMessage::read(&message).unwrap()
    }

    #[test]
    fn a_line_shows_ids_and_no_other_member() {
        let body = json!({"id": "0190d5a0-0000-7000", "sequence": 7, "attempt": 3, "email": "john.doe@example.com"});
        let line = dead_message(&body.to_string(), None).line(61_000);
        assert_eq!(
            line,
            "m-1    60 s  received too often  id=0190d5a0-0000-7000 sequence=7"
        );
        for poison in [
            r#"{"id":"John Doe","customerId":{"name":"John"},"userId":"john.doe@example.com"}"#,
            "John Doe",
            r#"["John"]"#,
            r#"{"John":1}"#,
            r#"{"id":""}"#,
        ] {
            let line = dead_message(poison, Some("malformed")).line(200_001_000);
            assert!(
                line.starts_with("m-1     2 d  malformed") && !line.contains("ohn"),
                "{line}"
            );
        }
    }

    #[test]
    fn an_incomplete_message_is_none() {
        assert_eq!(DeadMessage::read(&json!({"MessageId": "m-1"})), None);
    }
}
