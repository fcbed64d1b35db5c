//! A request to erase, in the form of the hub's register (`shared/runtime/src/work/erasure`).

use jiff::Timestamp;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};

/// The partition of the erasures.
pub const REGISTER: &str = "ERASURES";
pub const DOMAINS: [&str; 3] = ["bqs", "funders", "mmob"];

/// Whose data is erased, as the register has it.
#[derive(Debug, PartialEq)]
pub enum Subject {
    Email(String),
    Case(u64),
    Customer(String),
}

impl Subject {
    fn domains(&self) -> &'static [&'static str] {
        match self {
            Self::Email(_) => &DOMAINS,
            Self::Case(_) => &["bqs"],
            Self::Customer(_) => &["mmob"],
        }
    }

    fn stored(&self) -> Value {
        let digest = |kind: &str, digest: &str| json!({"M": {"kind": {"S": kind}, "digest": {"S": digest}}});
        match self {
            Self::Email(of) => digest("email", of),
            Self::Customer(of) => digest("customer", of),
            Self::Case(number) => json!({"M": {"kind": {"S": "case"}, "number": {"N": number.to_string()}}}),
        }
    }
}

/// Makes keyed digests, so that the register has no address and no user's id.
pub struct Digest(hmac::Key);

impl Digest {
    pub fn new(key: &str) -> Result<Self> {
        match key.is_empty() {
            true => Err("the redaction key is empty".into()),
            false => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))),
        }
    }

    fn of(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub fn email(&self, address: &str) -> Result<Subject> {
        let address = address.trim().to_ascii_lowercase();
        let plain = address.chars().all(|c| c.is_ascii_graphic());
        let parts: Vec<&str> = address.split('@').collect();
        match (plain, &parts[..]) {
            (true, [local, host]) if !local.is_empty() && host.contains('.') => {
                Ok(Subject::Email(self.of(&format!("erasure email {address}"))))
            }
            _ => Err("the hub does not accept this address".into()),
        }
    }

    pub fn customer(&self, user: &str) -> Result<Subject> {
        let user = user.trim();
        match (1..=64).contains(&user.len()) {
            true => Ok(Subject::Customer(self.of(&format!("erasure customer {user}")))),
            false => Err("a user's id has 1 to 64 characters".into()),
        }
    }
}

pub struct Request {
    pub id: String,
    subject: Subject,
    operator: String,
    at: Timestamp,
}

impl Request {
    pub fn new(subject: Subject, operator: &str, now: Timestamp) -> Result<Self> {
        let mut random = [0u8; 10];
        let failed = |_| Failure::from("the machine has no random numbers");
        SystemRandom::new().fill(&mut random).map_err(failed)?;
        Ok(Self {
            id: id(now, random),
            subject,
            operator: operator.to_owned(),
            at: Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now),
        })
    }

    /// The row, and an entry for each domain that may have data.
    pub fn writes(&self, table: &str) -> Value {
        let put = |item: Value| json!({"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}});
        let domains = self.subject.domains().iter();
        let open = domains.map(|domain| put(open_key(domain, &self.id)));
        let all: Vec<Value> = std::iter::once(put(self.row())).chain(open).collect();
        json!({ "TransactItems": all })
    }

    pub fn row(&self) -> Value {
        let first = json!({"M": {
            "state": {"S": "OPEN"}, "round": {"N": "1"}, "rows": {"N": "0"}, "files": {"N": "0"}, "logRows": {"N": "0"},
            "responses": {"N": "0"},
        }});
        let domains = self.subject.domains().iter();
        let domains: serde_json::Map<String, Value> = domains.map(|name| ((*name).to_owned(), first.clone())).collect();
        let at = self.at.to_string();
        json!({
            "pk": {"S": REGISTER}, "sk": {"S": self.id}, "id": {"S": self.id}, "subject": self.subject.stored(),
            "requestedBy": {"S": self.operator}, "requestedAt": {"S": at}, "domains": {"M": domains},
            "revision": {"N": "1"}, "updatedAt": {"S": at},
        })
    }
}

/// The entry of an erasure that has work in a domain.
pub fn open_key(domain: &str, id: &str) -> Value {
    json!({"pk": {"S": format!("OPEN#{domain}")}, "sk": {"S": id}})
}

/// A UUID v7.
fn id(now: Timestamp, random: [u8; 10]) -> String {
    let millis = u128::try_from(now.as_millisecond()).unwrap_or_default();
    let mut number = (millis << 80) | random.iter().fold(0, |all, byte| (all << 8) | u128::from(*byte));
    number = (number & !(0xf << 76)) | (0x7 << 76);
    number = (number & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts = parts.map(|(from, to)| hex.get(from..to).unwrap_or_default().to_owned());
    parts.join("-")
}
