//! A dead message, and as much of it as an operator sees.

use serde_json::Value;

/// Why a message is in a dead-letter queue that no function put there.
const TOO_OFTEN: &str = "received too often";
/// No id of ours is longer.
const LONGEST: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    pub id: String,
    /// By which it is deleted or given back; each delivery has another.
    pub receipt: String,
    pub body: String,
    /// When it was first sent, in milliseconds since the epoch. Dying changes nothing about it.
    pub sent: i64,
    pub reason: Option<String>,
}

impl Letter {
    /// As SQS hands it out.
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

    /// What may be shown of it: of the body nothing but ids.
    pub fn line(&self, now: i64) -> String {
        let reason = self.reason.as_deref().unwrap_or(TOO_OFTEN);
        let age = age(now.saturating_sub(self.sent) / 1000);
        format!("{}  {age:>6}  {reason}  {}", self.id, ids(&self.body))
    }
}

fn ids(body: &str) -> String {
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return "(no JSON object)".to_owned();
    };
    let named = |name: &str| name == "id" || name.ends_with("Id") || name == "sequence";
    let found = members.iter().filter(|(name, _)| named(name));
    let shown: Vec<_> = found
        .filter_map(|(name, value)| Some(format!("{name}={}", id(value)?)))
        .collect();
    shown.join(" ")
}

/// Poison can have anything under the name of an id.
fn id(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    ((1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
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

    fn letter(body: &str, reason: Option<&str>) -> Letter {
        let mut message = json!({
            "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": body, "Attributes": {"SentTimestamp": "1000"},
        });
        if let Some(reason) = reason {
            message["MessageAttributes"] = json!({"reason": {"StringValue": reason, "DataType": "String"}});
        }
        Letter::read(&message).unwrap()
    }

    #[test]
    fn ids_are_shown_and_nothing_else() {
        let body = json!({"id": "0190d5a0-0000-7000", "sequence": 7, "attempt": 3, "email": "john.doe@example.com"});
        let line = letter(&body.to_string(), None).line(61_000);
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
            let line = letter(poison, Some("malformed")).line(200_001_000);
            assert!(
                line.starts_with("m-1     2 d  malformed") && !line.contains("ohn"),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        assert_eq!(Letter::read(&json!({"MessageId": "m-1"})), None);
    }
}
